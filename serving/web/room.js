/** What the room knows: it polls and follows the API, and tells the elements what changed. */

import { follow, read, readAll } from "./api.js";
import { machineTime } from "./clock.js";
import { Happenings } from "./happenings.js";
import { Questions } from "./questions.js";
import { standing } from "./standing.js";
import { remembered, remember } from "./view.js";
import { speak } from "./words.js";

const HOUR_MS = 3_600_000;

/** Seconds from one question to the next. */
const EVERY = { health: 5, hours: 30, events: 60, unusual: 60, forecasts: 300, places: 300 };

/** So long the others wait for the server's time, which they ask by. */
const TIME_FIRST_MS = 2_000;

/** An episode goes on while its last hour ended less than this ago: the hour that runs is not judged yet. */
const GOING_MS = 2 * HOUR_MS;

const keyOf = (areaId, kind) => `${areaId}|${kind}`;
const hoursBefore = (instant, hours) => new Date(Math.floor(instant / HOUR_MS - hours) * HOUR_MS).toISOString();

function grouped(rows, at) {
  const groups = Map.groupBy(rows, ({ area_id, kind }) => keyOf(area_id, kind));
  for (const group of groups.values()) group.sort((a, b) => new Date(a[at]) - new Date(b[at]));
  return groups;
}

class Room extends EventTarget {
  view = remembered();
  peeked = null;
  about = null;
  city = null;
  kecamatan = [];
  areas = new Map();
  cameras = new Map();
  kinds = new Map();
  hours = new Map();
  steps = new Map();
  scores = new Map();
  unusual = [];
  events = new Happenings();
  health = null;
  live = "connecting";
  unreachableSince = null;
  troubles = new Map();
  #ahead = 0;
  #answers = new Map();
  #states = new Map();
  #questions = new Questions((topic, error) => this.#settled(topic, error));

  /** Start asking; each question goes on for good, whatever the answers. */
  async open() {
    this.#tell("view");
    const time = this.#questions.keep("health", EVERY.health, () => this.#readHealth());
    await Promise.race([time, new Promise((done) => setTimeout(done, TIME_FIRST_MS))]);
    const questions = {
      places: () => this.#readPlaces(),
      hours: () => this.#readHours(),
      forecasts: () => this.#readForecasts(),
      unusual: () => this.#readUnusual(),
      events: () => this.#readEvents(),
    };
    for (const [topic, question] of Object.entries(questions)) this.#questions.keep(topic, EVERY[topic], question);
    follow("/events/live", "event", {
      told: (event) => this.#hear(event),
      opened: () => this.#connected(),
      lost: () => this.#lost(),
    });
  }

  /** How what is asked for stands: "known", "loading" or "failing". */
  state(topic) {
    return this.#questions.state(topic);
  }

  /** When a question was last answered; null where it never was. */
  answeredAt(topic) {
    const age = this.#questions.age(topic);
    return age === null ? null : new Date(this.now - 1000 * age);
  }

  /** Call `render` now and whenever one of `topics` changes. */
  watch(topics, render) {
    for (const topic of topics) this.addEventListener(topic, render);
    render();
  }

  /** The server's time: a wall's own clock may be wrong. */
  get now() {
    return new Date(machineTime() + this.#ahead);
  }

  /** Seconds since the newest look; null where there never was one. */
  get ageSeconds() {
    return this.health?.data_at ? Math.max(0, (this.now - new Date(this.health.data_at)) / 1000) : null;
  }

  /** Whether what the wall shows is not the present: unreachable, stale or empty. */
  get isBlind() {
    return this.unreachableSince !== null || (this.health !== null && this.health.status !== "ok");
  }

  /** The kinds that are forecast, in the order of their names: what the map and the strips show. */
  get forecastKinds() {
    return [...this.kinds.values()].filter(({ forecast }) => forecast);
  }

  get kind() {
    return this.kinds.get(this.view.kind) ?? this.forecastKinds[0];
  }

  rows(areaId, kind) {
    return this.hours.get(keyOf(areaId, kind)) ?? [];
  }

  forecast(areaId, kind) {
    return this.steps.get(keyOf(areaId, kind)) ?? [];
  }

  /** The backtest of the model behind an area's forecast. */
  score(areaId, kind) {
    return (this.scores.get(keyOf(areaId, kind)) ?? []).find(({ chosen }) => chosen);
  }

  /** What is told of an area and kind as too far off to be chance, while it goes on. */
  told(areaId, kind) {
    const goesOn = ({ to }) => this.now - new Date(to) < GOING_MS;
    return this.unusual.find((episode) => episode.area_id === areaId && episode.kind === kind && goesOn(episode));
  }

  standing(areaId, kind) {
    const [rows, steps, watched] = [this.rows(areaId, kind), this.forecast(areaId, kind), this.watches(areaId, kind)];
    return standing({ rows, steps, watched, hours: this.state("hours"), forecasts: this.state("forecasts"), now: this.now });
  }

  /** Whether a camera in an area counts a kind; where nothing was counted lately, whether there is a camera. */
  watches(areaId, kind) {
    const counts = (name) => this.rows(areaId, name).length > 0;
    if (counts(kind) || this.forecast(areaId, kind).length) return true;
    if (this.forecastKinds.some((other) => counts(other.kind))) return false;
    return [...this.cameras.values()].some((camera) => this.#around(camera.area_id).some(({ area_id }) => area_id === areaId));
  }

  /** The kecamatan that an area lies in, or that itself is one. */
  kecamatanOf(areaId) {
    return this.#around(areaId).find(({ level }) => level === "kecamatan");
  }

  openEvents(areaId) {
    return this.events.going.filter((event) => this.kecamatanOf(event.area_id)?.area_id === areaId);
  }

  /** An area and those around it, the smallest first. */
  #around(areaId) {
    const areas = [];
    for (let area = this.areas.get(areaId); area; area = this.areas.get(area.parent_id)) areas.push(area);
    return areas;
  }

  choose(changes) {
    this.view = { ...this.view, ...changes };
    remember(this.view);
    speak(this.view.language);
    this.#tell("view");
  }

  peek(areaId) {
    if (this.peeked === areaId) return;
    this.peeked = areaId;
    this.#tell("peek");
  }

  /** Show an error instead of swallowing it; null says that it is over. */
  report(topic, error) {
    if (!error && !this.troubles.has(topic)) return;
    if (error) this.troubles.set(topic, error.message ?? String(error));
    else this.troubles.delete(topic);
    this.#tell("troubles");
  }

  #tell(topic) {
    this.dispatchEvent(new Event(topic));
  }

  /** Show or forget the trouble, and tell the elements where a question now stands otherwise. */
  #settled(topic, error) {
    this.report(topic, error);
    const state = this.state(topic);
    if (this.#states.get(topic) === state) return;
    this.#states.set(topic, state);
    this.#tell(topic);
  }

  /** Whether an answer is another than last time: the API's 304 gives the same object again. */
  #isNews(topic, answer) {
    const news = this.#answers.get(topic) !== answer;
    this.#answers.set(topic, answer);
    return news;
  }

  async #readHealth() {
    try {
      this.health = await read("/health");
      this.#ahead = new Date(this.health.now) - machineTime();
      this.unreachableSince = null;
    } catch (error) {
      this.unreachableSince ??= this.now;
      throw error;
    } finally {
      this.#tell("health");
    }
  }

  async #readPlaces() {
    const [about, areas, cameras, kinds] = await Promise.all([read(""), read("/areas"), read("/cameras"), read("/kinds")]);
    this.about = about;
    this.areas = new Map(areas.items.map((area) => [area.area_id, area]));
    this.city = areas.items.find(({ level }) => level === "city") ?? null;
    this.kecamatan = areas.items.filter(({ level }) => level === "kecamatan");
    this.cameras = new Map(cameras.items.map((camera) => [camera.camera_id, camera]));
    this.kinds = new Map(kinds.items.map((kind) => [kind.kind, kind]));
    this.#tell("places");
  }

  async #readHours() {
    const past = (level, hours) => read("/hours", { level, since: hoursBefore(this.now, hours) });
    const answers = await Promise.all([past("city", 24), past("kecamatan", 3)]);
    const news = answers.map((answer, place) => this.#isNews(`hours ${place}`, answer));
    if (!news.includes(true)) return;
    this.hours = grouped(answers.flatMap(({ items }) => items), "hour");
    this.#tell("hours");
  }

  async #readForecasts() {
    const answer = await read("/forecasts");
    if (!this.#isNews("forecasts", answer)) return;
    this.steps = grouped(answer.items, "at");
    this.scores = Map.groupBy(answer.scores, ({ area_id, kind }) => keyOf(area_id, kind));
    this.#tell("forecasts");
  }

  async #readUnusual() {
    const answer = await read("/unusual", { since: hoursBefore(this.now, 24) });
    if (!this.#isNews("unusual", answer)) return;
    this.unusual = answer.items;
    this.#tell("unusual");
  }

  /** All that goes on, whenever it began, and what is over of a day. */
  async #readEvents() {
    const began = performance.now();
    const since = hoursBefore(this.now, 24);
    const going = await readAll("/events", { going_on: true, order: "severity" });
    const over = await readAll("/events", { going_on: false, since }); // last: what ends in between is in both
    this.events.read([...going, ...over], began);
    this.#tell("events");
  }

  #hear(event) {
    this.events.hear(event);
    this.#tell("events");
  }

  /** What was missed while the connection was lost is in the list. */
  #connected() {
    this.live = "on";
    this.#tell("live");
    this.#questions.ask("events");
  }

  #lost() {
    this.live = "lost";
    this.#tell("live");
  }
}

export const room = new Room();
