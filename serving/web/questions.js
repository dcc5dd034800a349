/** The questions that the room keeps asking, and how each one stands: loading, known or failing. */

const AGAIN_S = 5;

/** An answer holds for so many times the pause until it is due again: then it is no longer the present. */
const HOLDS = 2;

export class Questions {
  #asked = new Map();
  #settled;

  /** `settled(topic, error)` hears how each question ended; the error is null after an answer. */
  constructor(settled) {
    this.#settled = settled;
  }

  /** Ask now, and for good again `seconds` after an answer; sooner after a failure. Settles with the first one. */
  keep(topic, seconds, question) {
    this.#asked.set(topic, { question, seconds, answered: null, failed: false });
    return this.#round(topic);
  }

  /** Ask once more, out of turn. */
  async ask(topic) {
    const asked = this.#asked.get(topic);
    try {
      await asked.question();
      Object.assign(asked, { answered: performance.now(), failed: false });
      this.#settled(topic, null);
    } catch (error) {
      asked.failed = true;
      this.#settled(topic, error);
    }
  }

  /** "known" while an answer holds, "loading" before the first one, else "failing". */
  state(topic) {
    const { seconds, answered, failed } = this.#asked.get(topic) ?? { answered: null, failed: false };
    if (answered === null) return failed ? "failing" : "loading";
    return failed && performance.now() - answered > HOLDS * seconds * 1000 ? "failing" : "known";
  }

  /** Seconds since the last answer; null where there never was one. */
  age(topic) {
    const answered = this.#asked.get(topic)?.answered ?? null;
    return answered === null ? null : (performance.now() - answered) / 1000;
  }

  async #round(topic) {
    await this.ask(topic);
    const { seconds, failed } = this.#asked.get(topic);
    setTimeout(() => this.#round(topic), 1000 * (failed ? AGAIN_S : seconds));
  }
}
