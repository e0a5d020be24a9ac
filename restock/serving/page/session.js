// Who is calling: signs in with the shop's own Firebase accounts (Identity Toolkit REST) and asks the API with the token.
// The refresh token stays in this tab only, and leaves with it.

const KEPT = "restock-session";
const at = (address) => new URL(address, document.baseURI);

const WRONG = "This e-mail and password do not fit.";
const REFUSALS = {
  INVALID_LOGIN_CREDENTIALS: WRONG, INVALID_PASSWORD: WRONG, EMAIL_NOT_FOUND: WRONG, INVALID_EMAIL: WRONG,
  USER_DISABLED: "This account is switched off. Ask whoever runs the shop's accounts.",
  TOO_MANY_ATTEMPTS_TRY_LATER: "Too many attempts. Wait a few minutes and try again.",
};

export class ApiError extends Error {
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export class Session {
  static async open() {
    const answer = await fetch(at("page/config.json"));
    if (!answer.ok) throw new ApiError(answer.status, "The page could not read its settings.");
    return new Session(await answer.json());
  }

  constructor(config) {
    this.config = config;
    this.refreshToken = sessionStorage.getItem(KEPT);
    this.idToken = null;
    this.goodUntil = 0;
  }

  get canSignIn() {
    return Boolean(this.config.api_key || this.config.auth_emulator);
  }

  get needsSignIn() {
    return this.config.auth === "firebase" && !this.refreshToken;
  }

  get canSignOut() {
    return this.config.auth === "firebase" && Boolean(this.refreshToken);
  }

  async signIn(email, password) {
    const found = await this.#google("identitytoolkit.googleapis.com", "/v1/accounts:signInWithPassword", {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email, password, returnSecureToken: true }),
    });
    this.#keep(found.idToken, found.refreshToken, found.expiresIn);
  }

  signOut() {
    sessionStorage.removeItem(KEPT);
    this.refreshToken = this.idToken = null;
  }

  async get(address, parameters = {}) {
    const url = at(address);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
    const headers = this.config.auth === "firebase" ? { Authorization: `Bearer ${await this.#token()}` } : {};
    let answer;
    try {
      answer = await fetch(url, { headers });
    } catch {
      throw new ApiError(0, "The forecast service cannot be reached. Check the connection and try again.");
    }
    if (answer.ok) return answer.json();
    const said = await answer.json().catch(() => ({}));
    throw new ApiError(answer.status, said.message ?? `The service answered ${answer.status}.`, Number(answer.headers.get("Retry-After")));
  }

  async #token() {
    if (Date.now() >= this.goodUntil) {
      const found = await this.#google("securetoken.googleapis.com", "/v1/token", {
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: this.refreshToken }),
      });
      this.#keep(found.id_token, found.refresh_token, found.expires_in);
    }
    return this.idToken;
  }

  #keep(idToken, refreshToken, seconds) {
    this.idToken = idToken;
    this.refreshToken = refreshToken;
    this.goodUntil = Date.now() + (Number(seconds) - 60) * 1000;
    sessionStorage.setItem(KEPT, refreshToken);
  }

  async #google(host, path, request) {
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
