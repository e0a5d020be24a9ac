// Who is calling, with the shop's own Firebase accounts. The refresh token stays in this tab only, and leaves with it.
//
// Whoever signs out stays signed out: what was asked before is broken off, and a token that comes late is thrown away.

import { ApiError } from "./errors.js";
import { Google } from "./google.js";

const KEPT = "restock-session";
const EARLY = 60; // seconds before its end a token is renewed

export class Session {
  constructor(config) {
    this.isNeeded = config.auth === "firebase";
    this.canSignIn = Boolean(config.api_key || config.auth_emulator);
    this.google = new Google(config);
    this.refreshToken = this.isNeeded ? sessionStorage.getItem(KEPT) : null;
    this.#forget();
  }

  get needsSignIn() {
    return this.isNeeded && !this.refreshToken;
  }

  get canSignOut() {
    return this.isNeeded && Boolean(this.refreshToken);
  }

  async signIn(email, password) {
    this.#keep(await this.google.signIn(email, password));
  }

  signOut() {
    sessionStorage.removeItem(KEPT);
    this.refreshToken = null;
    this.end.abort();
    this.#forget();
  }

  // The token to send; `isRefused` says that the service would not have the last one.
  async token(isRefused = false) {
    if (!isRefused && Date.now() < this.goodUntil) return this.idToken;
    this.renewing ??= this.#renew().finally(() => (this.renewing = null)); // one renewal, however many wait for it
    return this.renewing;
  }

  async #renew() {
    const { end } = this;
    const found = await this.google.renew(this.refreshToken);
    if (end.signal.aborted) throw new ApiError(401, "You have signed out.");
    this.#keep(found);
    return this.idToken;
  }

  #keep({ idToken, refreshToken, seconds }) {
    this.idToken = idToken;
    this.refreshToken = refreshToken;
    this.goodUntil = Date.now() + (seconds - EARLY) * 1000;
    sessionStorage.setItem(KEPT, refreshToken);
  }

  #forget() {
    this.idToken = this.renewing = null;
    this.goodUntil = 0;
    this.end = new AbortController();
  }
}
