// Google's sign-in service (Identity Toolkit, over REST), or the Auth emulator in its place.

import { ApiError } from "./errors.js";

const WRONG = "This e-mail and password do not fit.";
const ENDED = "Your sign-in has ended. Please sign in again.";
const REFUSALS = {
  INVALID_LOGIN_CREDENTIALS: WRONG, INVALID_PASSWORD: WRONG, EMAIL_NOT_FOUND: WRONG, INVALID_EMAIL: WRONG,
  TOKEN_EXPIRED: ENDED, INVALID_REFRESH_TOKEN: ENDED, USER_NOT_FOUND: ENDED, MISSING_REFRESH_TOKEN: ENDED,
  USER_DISABLED: "This account is switched off. Ask whoever runs the shop's accounts.",
  TOO_MANY_ATTEMPTS_TRY_LATER: "Too many attempts. Wait a few minutes and try again.",
};
const JSON_TYPE = { "Content-Type": "application/json" };

export class Google {
  constructor(config) {
    this.config = config;
  }

  async signIn(email, password) {
    const body = JSON.stringify({ email, password, returnSecureToken: true });
    const found = await this.#ask("identitytoolkit.googleapis.com", "/v1/accounts:signInWithPassword", { headers: JSON_TYPE, body });
    return { idToken: found.idToken, refreshToken: found.refreshToken, seconds: Number(found.expiresIn) };
  }

  async renew(refreshToken) {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken });
    const found = await this.#ask("securetoken.googleapis.com", "/v1/token", { body });
    return { idToken: found.id_token, refreshToken: found.refresh_token, seconds: Number(found.expires_in) };
  }

  // Whether there is such an account is nobody's business: an unknown address is answered like a known one.
  async sendPasswordReset(email) {
    const body = JSON.stringify({ requestType: "PASSWORD_RESET", email });
    try {
      await this.#ask("identitytoolkit.googleapis.com", "/v1/accounts:sendOobCode", { headers: JSON_TYPE, body });
    } catch (error) {
      if (error.message !== WRONG) throw error;
    }
  }

  async #ask(host, path, request) {
    const emulator = this.config.auth_emulator;
    const origin = emulator ? `http://${emulator}/${host}` : `https://${host}`;
    let answer;
    try {
      answer = await fetch(`${origin}${path}?key=${encodeURIComponent(this.config.api_key || "emulator")}`, { method: "POST", ...request });
    } catch {
      throw new ApiError(0, "The sign-in service cannot be reached. Check the connection and try again.");
    }
    if (answer.ok) return answer.json();
    if (answer.status === 429 || answer.status >= 500) throw new ApiError(0, "The sign-in service does not answer. Wait a little and try again.");
    const said = await answer.json().catch(() => ({}));
    const reason = String(said.error?.message ?? answer.status); // a code, a code and a sentence, or a sentence
    throw new ApiError(401, REFUSALS[reason.split(" ")[0]] ?? `Google signs nobody in here; tell whoever runs the shop's accounts: ${reason}`);
  }
}
