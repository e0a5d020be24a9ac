// What is asked of the service about orders: made once, however often it is sent; nothing here is done twice.

// An order's id is chosen here and kept until the service has answered: a request whose answer was lost is sent again as it was.
export class Ordering {
  constructor(service) {
    this.service = service;
    this.unanswered = new Map();
  }

  // `status`: "ordered", or "draft". `known`: the ids of the open orders that the list has shown; the service refuses what somebody else has ordered meanwhile.
  async place(status, supplier, lines, known = [], isConfirmed = false) {
    const asked = {
      status, supplier, known_orders: known, confirmed: isConfirmed,
      lines: lines.map(({ part, quantity }) => ({ part: part.part, name: part.name, quantity, ...(Number.isFinite(part.unit_cost) ? { unit_cost: part.unit_cost } : {}) })),
    };
    const what = JSON.stringify([status, supplier, asked.lines]);
    const id = this.unanswered.get(what) ?? newId();
    this.unanswered.set(what, id);
    try {
      const { order } = await this.service.post("v1/orders", { id, ...asked });
      this.unanswered.delete(what);
      return order;
    } catch (error) {
      if (error.status >= 400 && error.status < 500) this.unanswered.delete(what); // it was answered: there is no such order
      throw error;
    }
  }

  async change(order, asked) {
    return (await this.service.post(`v1/orders/${encodeURIComponent(order.id)}`, { version: order.version, ...asked })).order;
  }

  facts(part) {
    return this.service.get(`v1/parts/${encodeURIComponent(part)}`);
  }

  async note(facts, asked) {
    return (await this.service.post(`v1/parts/${encodeURIComponent(facts.part)}`, { version: facts.version, ...asked })).facts;
  }
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // randomUUID is for secure addresses alone
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export const openLines = (order) => order.lines.filter((line) => line.open > 0);
