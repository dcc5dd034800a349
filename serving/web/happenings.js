/** The events as they were last read, and what was heard of them since. */

const worst = (a, b) => b.severity - a.severity || new Date(a.started_at) - new Date(b.started_at);
const newest = (a, b) => new Date(b.ended_at) - new Date(a.ended_at);

export class Happenings {
  #events = new Map();
  #heard = new Map();

  /** The ids of what came last as it happened, to be pointed out. */
  arrived = new Set();

  /** What goes on: the worst first, of those the oldest. */
  going = [];

  /** What is over, the newest first. */
  over = [];

  get(eventId) {
    return this.#events.get(eventId);
  }

  /** Take a whole list that was asked for at `began`; of what was heard since, the list may not know. */
  read(items, began) {
    this.arrived = new Set();
    const heard = [...this.#heard].filter(([, { at }]) => at >= began).map(([, { event }]) => event);
    this.#heard.clear();
    this.#events = new Map();
    for (const event of [...items, ...heard]) this.#take(event);
    this.#sort();
  }

  /** Take one revision as it happened. */
  hear(event) {
    this.#heard.set(event.event_id, { event, at: performance.now() });
    if (!this.#take(event)) return;
    this.arrived = new Set([event.event_id]);
    this.#sort();
  }

  /** Keep the last revision. */
  #take(event) {
    const isNew = !(this.#events.get(event.event_id)?.revision >= event.revision);
    if (isNew) this.#events.set(event.event_id, event);
    return isNew;
  }

  #sort() {
    const events = [...this.#events.values()];
    this.going = events.filter(({ ended_at }) => !ended_at).sort(worst);
    this.over = events.filter(({ ended_at }) => ended_at).sort(newest);
  }
}
