// What the parts of the board share: the rows, who looks, the requests, and the words that are said about them.

import { pick } from "../text.js";
import { asRefusal } from "./api.js";

const PERSON = /^p_/;

export class App {
  names = new Map(); // people of the office: id -> display name; null while asked
  people = new Map(); // people of sessions whose names the to-do list needs
  tasks = [];
  hasTasks = false;
  bookable = { programmes: [], staff: [], sends_mail: null }; // what can be booked, and with whom (docs/api.md); empty until it was read
  programmes = []; // of this server, as a desk is told of them (docs/api.md): nothing can be booked from there

  // parts: {api, clock, announcer, state, today, shown, lines, filter, draw, forms, drawer, todo, view, shade, toMain, book, reveal}
  constructor(parts) {
    Object.assign(this, parts);
  }

  get write() {
    return this.state.write;
  }

  get zone() {
    return this.state.zone;
  }

  now = () => this.clock.now();
  row = (id) => this.shown.rows.get(id) ?? this.today.rows.get(id);
  rows = () => this.today.rows.all();
  isScheduler = () => this.state.you?.role === "scheduler";
  openId = () => this.drawer?.id() ?? null;
  open = (id) => this.drawer.open(id); // also once it is open: then it takes the focus
  mayAsk = (id) => Boolean(this.forms) && !this.forms.isOpen() && this.openId() === id; // still, after something was read for the question
  nameOf = (id) => this.row(id)?.seats.find((seat) => seat.role === "seeker")?.display_name ?? "";
  noteOf = (id, key) => this.drawer.note(id, key);
  announce = (words, isUrgent = false) => this.announcer.say(words, isUrgent);

  // Of a session's tasks, those that were ticked off.
  doneOf = (id) => this.drawer.events(id).filter((event) => event.name === "task.done").map((event) => ({ task: event.data.task, by: event.data.by, at: event.at }));

  // What was done, in words: seen where one looks, and said.
  told(words) {
    this.drawer.tell(words);
    this.announce(words);
  }

  refused(refusal) {
    if (this.drawer.id() !== null) this.drawer.refusal.say(refusal);
    else this.state.onRefused(refusal);
  }

  // A request that changes a session; what came of it is read again.
  async change(id, path, body) {
    try {
      return await this.api.post(path, body);
    } finally {
      this.refresh(id); // also after a refusal: somebody else may have been first
    }
  }

  // One press, one request, no question before it.
  async at(request, words) {
    this.drawer.refusal.clear();
    this.drawer.setBusy(true);
    try {
      await request();
      this.told(words);
    } catch (error) {
      this.refused(asRefusal(error));
    } finally {
      this.drawer.setBusy(false);
    }
  }

  refresh(id) {
    this.drawer.hurry(id);
    this.todo?.hurry();
    this.dayChoice?.again();
  }

  // Back to where the drawer was opened from; what has been scrolled out of the page meanwhile is brought back.
  focusRow(opener, id) {
    if (opener?.isConnected && opener !== document.body) opener.focus({ preventScroll: true });
    else this.view.focusOn(id);
  }

  // After a dialog whose opener is gone, or that a key opened where nothing had the focus.
  settle() {
    if (this.openId() !== null) this.drawer.focus();
    else this.toMain?.();
  }

  // What can be booked changes seldom: it is read when the board begins, and with each form for a booking.
  async knowBookable() {
    this.bookable = await this.api.get("/booking");
    this.dayChoice?.knowPeople();
    this.draw();
    return this.bookable;
  }

  // Everybody who receives people, as far as the board knows them: {key, name}.
  counters() {
    const known = new Map([...this.rows()].map((row) => [row.supporter_person, row.supporter]));
    for (const one of this.bookable.staff) if (one.role === "supporter") known.set(one.person, one.display_name);
    return [...known].map(([key, name]) => ({ key, name }));
  }

  // A service by its title; by its name, where the office has it no more or this page may not know.
  titleOf(programme) {
    return pick([...this.bookable.programmes, ...this.programmes].find((one) => one.name === programme)?.title) || programme;
  }

  // Names for those who did something; each is asked for once.
  learn(people = []) {
    const unknown = new Set(people.filter((person) => typeof person === "string" && PERSON.test(person) && !this.names.has(person)));
    for (const person of unknown) this.#ask(person);
  }

  // The list of tasks names a person by an id; the office's name for them stands in their sessions. Null until it is known.
  nameOfPerson(programme, person) {
    const known = this.people.get(person);
    if (known === undefined) this.#lookFor(programme, person);
    return known ?? null;
  }

  async #lookFor(programme, person) {
    this.people.set(person, null);
    try {
      const { lines } = await this.api.get(`/standing/${encodeURIComponent(programme)}/${encodeURIComponent(person)}`);
      if (!lines.length) return;
      const { participants } = await this.api.get(`/sessions/${encodeURIComponent(lines.at(-1).session)}`);
      this.people.set(person, participants.find((one) => one.person === person)?.display_name ?? null);
      this.draw();
    } catch {
      // without a name it is «somebody»
    }
  }

  async #ask(person) {
    this.names.set(person, null);
    try {
      this.names.set(person, (await this.api.get(`/staff/${encodeURIComponent(person)}`)).display_name);
      this.draw();
    } catch {
      // without a name it is «the scheduler»
    }
  }
}

// When a row of today's list says that the to-do list is another one now.
export function changesTasks(known, row) {
  const told = (one) => JSON.stringify([one?.tasks ?? [], one?.incidents ?? [], one?.done ?? []]);
  return (row.phase === "ended" && known?.phase !== "ended") || told(known) !== told(row);
}

