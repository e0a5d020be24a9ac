// Asks the API of the address this page came from, and says in words what went wrong.

import { ApiError } from "./errors.js";

const SECONDS = 30;
const address = (path) => new URL(path, document.baseURI);

export class Service {
  // `early`: the page's first script may have asked the first question already, before any module was there.
  constructor(session, early) {
    this.session = session;
    this.early = early;
  }

  get(path, parameters = {}) {
    const query = String(new URLSearchParams(parameters));
    const { early } = this;
    if (early && early.path === path && early.query === query) {
      this.early = null;
      return this.#ask(path, query, {}, early.answer);
    }
    return this.#ask(path, query, {});
  }

  post(path, body) {
    return this.#ask(path, "", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  async #ask(path, query, request, asked, isSecond = false) {
    const { session } = this;
    const { end } = session;
    const headers = { ...request.headers };
    if (session.isNeeded) headers.Authorization = `Bearer ${await session.token(isSecond)}`;
    let answer;
    let content;
    try {
      const signal = AbortSignal.any([end.signal, AbortSignal.timeout(SECONDS * 1000)]);
      answer = await (asked ?? fetch(address(query ? `${path}?${query}` : path), { ...request, headers, signal }));
      content = await answer.json().catch((error) => (answer.ok ? Promise.reject(error) : {}));
    } catch {
      throw end.signal.aborted ? new ApiError(401, "You have signed out.") : new ApiError(0, "The forecast service cannot be reached. Check the connection.");
    }
    if (end.signal.aborted) throw new ApiError(401, "You have signed out.");
    if (answer.ok) return content;
    if (answer.status === 401 && session.isNeeded && !isSecond) return this.#ask(path, query, request, null, true);
    const message = answer.status === 401 && session.isNeeded ? "Your sign-in has ended. Please sign in again."
      : content.message ?? `The service answered ${answer.status}.`;
    throw new ApiError(answer.status, message, { retryAfter: Number(answer.headers.get("Retry-After")), content });
  }
}
