// What goes wrong when the service is asked; status 0 where nothing answered.

export class ApiError extends Error {
  constructor(status, message, { retryAfter = 0, content = {} } = {}) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
    this.content = content;
  }

  get isNoModelYet() {
    return this.status === 503 && this.message.includes("no forecast model yet");
  }
}
