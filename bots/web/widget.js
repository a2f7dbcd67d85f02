/* The chat of Shyraq for any page, by one line:
 *   <script type="module" src="https://SERVER/widget.js" data-language="kk"></script>
 * The server writes `const SERVED = {words, contact, limit};` above this text (assistant/pages.py), so that one file
 * brings all. No dependency, no build step, and no HTML made from text: an answer becomes nodes of an allow-list.
 */

const SERVER = new URL(import.meta.url).origin;
const LANGUAGES = Object.keys(SERVED.words);
const TAG = "shyraq-chat";

const TRIES = 6;
const FIRST_PAUSE = 1000; // ms before the second try; doubled before each later one
const LONGEST_PAUSE = 30000; // ms that a server's Retry-After may ask for
const SILENCE = 45000; // ms without a byte, of which the server sends one every 15 s, until a connection counts as lost
const TRY_AGAIN = new Set([408, 429, 500, 502, 503, 504]);

// --- Nodes ----------------------------------------------------------------------------------------------------------

/* An element with attributes and children; functions among the attributes listen to the event of their name. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const ICONS = {
  again: "M20 11a8 8 0 1 0-2.3 6.2M20 4.5V11h-6.5",
  bad: "M7 13V4H4v9zm0 0 4 7c1.6 0 2.6-1.2 2.3-2.8L12.7 14H18a2 2 0 0 0 2-2.4l-1.2-6A2 2 0 0 0 16.8 4H7",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h10.5v11H9zM5.5 15H4.500V4H15v1.5",
  delete: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  expand: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  good: "M7 11v9H4v-9zm0 0 4-7c1.6 0 2.6 1.2 2.3 2.8L12.7 10H18a2 2 0 0 1 2 2.400l-1.2 6A2 2 0 0 1 16.8 20H7",
  librarian: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0",
  new: "M12 20H4l1.2-3.400A8 8 0 1 1 12 20zM12 8.500v7M8.5 12h7",
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  shrink: "M4 9h5V4M20 9h-5V4M4 15h5v5M20 15h-5v5",
  stop: "M7.5 7.500h9v9h-9z",
};

function svg(viewBox, ...shapes) {
  const draw = (tag, attributes) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    return shape;
  };
  const drawing = draw("svg", { viewBox, "aria-hidden": "true", focusable: "false" });
  drawing.append(...shapes.map(([tag, attributes]) => draw(tag, attributes)));
  return drawing;
}

const icon = (name) => svg("0 0 24 24", ["path", { d: ICONS[name] }]);

/* The lamp over an open book. */
const lamp = () => svg("8 6 48 53",
  ["path", { d: "M32 8c7 8 10 12 10 18a10 10 0 0 1-20 0c0-6 3-10 10-18z", fill: "#f6b93b" }],
  ["path", { d: "M32 19c3 4 4 6 4 8a4 4 0 0 1-8 0c0-2 1-4 4-8z", fill: "#fff3d6" }],
  ["path", { d: "M10 40c9-2 17 0 22 4 5-4 13-6 22-4v13c-9-2-17 0-22 4-5-4-13-6-22-4z", fill: "#fff" }],
  ["path", { d: "M32 44v13", stroke: "#0b5c6b", "stroke-width": "2" }]);

const link = (href, text) => make("a", { href, rel: "noopener noreferrer", target: "_blank" }, text);

// --- Markdown -------------------------------------------------------------------------------------------------------

const INLINE = new RegExp([
  "`([^`\\n]+)`", // 1 code
  "\\*\\*([^*\\n]+(?:\\*[^*\\n]+\\*[^*\\n]*)?)\\*\\*", // 2 bold, perhaps with italics inside
  "(?<![\\p{L}\\d])\\*([^*\\s][^*\\n]*)\\*(?![\\p{L}\\d])", // 3 italics, of whole words
  "\\[(\\d{1,3})\\](?!\\()", // 4 citation
  "\\[([^\\]\\n]{1,300})\\]\\(((?:https?:\\/\\/|mailto:|tel:)(?:[^\\s()]|\\([^\\s()]*\\)){1,2000})\\)", // 5, 6 link
  "(https?:\\/\\/[^\\s<>()\"«»“”]{1,2000}[^\\s<>()\"«»“”.,;:!?])", // 7 bare address
  "([\\w.+-]{1,64}@[\\w-]{1,63}(?:\\.[\\w-]{1,63}){1,5})", // 8 e-mail address
  "(\\+\\d[\\d ()-]{6,20}\\d)", // 9 telephone number
].join("|"), "gu");

/* Text as nodes; `cite(n)` makes the node of a citation. */
function inline(text, cite) {
  const nodes = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [whole, code, bold, italics, number, label, href, address, mail, phone] = found;
    nodes.push(text.slice(end, found.index));
    end = found.index + whole.length;
    if (code) nodes.push(make("code", {}, code));
    else if (bold) nodes.push(make("strong", {}, ...inline(bold, cite)));
    else if (italics) nodes.push(make("em", {}, ...inline(italics, cite)));
    else if (number) nodes.push(cite(Number(number)));
    else if (href) nodes.push(link(href, label));
    else if (address) nodes.push(link(address, address));
    else if (mail) nodes.push(link(`mailto:${mail}`, mail));
    else nodes.push(link(`tel:${phone.replace(/[^+\d]/g, "")}`, phone));
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

const KINDS = [
  ["ul", /^\s*[-*•]\s+/],
  ["ol", /^\s*\d{1,3}[.)]\s+/],
  ["heading", /^#{1,6}\s+/],
  ["blockquote", /^>\s?/],
  ["table", /^\s*\|/],
];
const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

function table(lines, cite, name) {
  const rows = lines.filter((line) => !/^[|:\s-]+$/.test(line)).map(cells);
  const row = (tag, texts) => make("tr", {}, ...texts.map((text) => make(tag, {}, ...inline(text, cite))));
  const body = make("tbody", {}, ...rows.slice(1).map((texts) => row("td", texts)));
  const whole = make("table", {}, make("thead", {}, row("th", rows[0] ?? [])), body);
  return make("div", { class: "table", role: "group", tabindex: "0", "aria-label": name }, whole); // wide ones scroll
}

/* An answer's Markdown as nodes: runs of lines of one kind. */
function blocks(markdown, cite, tableName = "") {
  const runs = [];
  for (const line of markdown.split("\n")) {
    const [kind, mark] = line.trim() ? KINDS.find(([, begins]) => begins.test(line)) ?? ["p"] : [""];
    if (runs.at(-1)?.kind !== kind) runs.push({ kind, mark, lines: [] });
    runs.at(-1).lines.push(line);
  }
  return runs.filter(({ kind }) => kind).map(({ kind, mark, lines }) => {
    if (kind === "table") return table(lines, cite, tableName);
    const texts = lines.map((line) => line.replace(mark ?? "", ""));
    if (kind === "heading") return make("p", {}, make("strong", {}, ...inline(texts.join(" "), cite)));
    if (kind === "p" || kind === "blockquote") return make(kind, {}, ...inline(texts.join(" "), cite));
    const start = kind === "ol" ? parseInt(lines[0], 10) : null;
    return make(kind, { start }, ...texts.map((text) => make("li", {}, ...inline(text, cite))));
  });
}

/* The text of rendered blocks, a line each, as it is read out and copied. */
function plain(body) {
  const lines = [...body.querySelectorAll("p, li, tr, blockquote")];
  return lines.map((line) => [...line.querySelectorAll("th, td")].map((cell) => cell.textContent).join(" | ") || line.textContent).join("\n");
}

// --- The service ----------------------------------------------------------------------------------------------------

/* Why there is no answer: what to tell (null: that nobody answers), whether to try again, and in how many ms at least. */
class Fault extends Error {
  constructor(told, again = false, after = 0) {
    super(told ?? "no answer");
    Object.assign(this, { told, again, after });
  }
}

/* The events of a server-sent stream; `alive` is called for every piece that comes. */
async function* events(response, alive) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const whole = (text + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
    text = whole.pop();
    for (const event of whole) {
      const fields = Object.fromEntries(event.split(/\r?\n/).map((line) => [line.split(":", 1)[0], line.replace(/^\w*: ?/, "")]));
      if (fields.event) yield { name: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

/* One try at an answer; `heard(event)` gets what streams in. Raises Fault, or AbortError where `signal` says stop. */
async function answerOf(server, body, signal, heard) {
  const connection = new AbortController();
  const stop = () => connection.abort();
  signal.addEventListener("abort", stop);
  let silence;
  const alive = () => {
    clearTimeout(silence);
    silence = setTimeout(stop, SILENCE);
  };
  alive();
  try {
    return await streamed(server, body, connection.signal, alive, heard);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof Fault ? error : new Fault(null, true);
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", stop);
  }
}

async function streamed(server, body, signal, alive, heard) {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
  const request = { method: "POST", headers, body: JSON.stringify(body), credentials: "omit", signal };
  const response = await fetch(`${server}/api/chat`, request);
  if (!response.ok) throw await refusal(response);
  if (!response.headers.get("content-type").startsWith("text/event-stream")) return response.json();
  for await (const event of events(response, alive)) {
    if (event.name === "final") return event.data;
    if (event.name === "error") throw new Fault(event.data.error.message);
    heard(event);
  }
  throw new Fault(null, true); // cut off before its end
}

async function refusal(response) {
  const told = await response.json().then((reply) => reply.error.message, () => null);
  const after = Math.min(1000 * (Number(response.headers.get("retry-after")) || 0), LONGEST_PAUSE);
  const fault = new Fault(told, TRY_AGAIN.has(response.status), after);
  fault.gone = response.status === 404;
  return fault;
}

/* Waits `ms`, or until `event` on the window; raises where `signal` says stop. */
function pause({ ms, event, signal }) {
  return new Promise((resolve, reject) => {
    if (ms !== undefined) setTimeout(resolve, ms);
    if (event) addEventListener(event, resolve, { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

// --- The element ----------------------------------------------------------------------------------------------------

const known = (tag) => LANGUAGES.find((language) => language === (tag ?? "").slice(0, 2).toLowerCase());
const characters = (text) => [...text.trim().normalize("NFC")].length; // as the server counts

class ShyraqChat extends HTMLElement {
  static observedAttributes = ["accent", "heading", "language"];

  #state = {}; // what outlives the page: conversation, draft, open, language and the page's language it was chosen on
  #key;
  #server;
  #language;
  #ui = {};
  #opener; // where the focus was
  #busy = null; // stops the answer in hand
  #narrow = matchMedia("(max-width: 30em), (max-height: 26em)");
  #told = []; // of the status line: key and values, or a text of the server's

  connectedCallback() {
    if (this.shadowRoot) return;
    this.#server = this.getAttribute("server") ?? SERVER;
    const unnamed = [...document.querySelectorAll(TAG)].filter((chat) => !chat.getAttribute("name"));
    this.#key = `shyraq ${this.#server} ${this.getAttribute("name") ?? unnamed.indexOf(this)}`;
    this.#state = this.#stored();
    this.#language = this.#chosen();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [STYLES];
    this.#build();
    this.#dress();
    this.#watch();
    this.#restore();
    if (this.#launches && (this.#state.open ?? this.hasAttribute("opened"))) this.#place();
  }

  attributeChangedCallback(name, before, now) {
    if (!this.shadowRoot || before === now) return;
    if (name === "language" && known(now)) this.#speak(known(now));
    else if (name === "heading") this.#translate();
    else this.#dress();
  }

  /* What pages may call. */

  get language() { return this.#language; }

  get isOpen() { return this.#ui.window.open; }

  open() {
    if (!this.isOpen) {
      this.#opener = this.shadowRoot.activeElement ?? document.activeElement;
      this.#place();
      this.#tellPage("open");
    }
    this.#keep({ open: true });
    this.#ui.launcher?.classList.remove("unread");
    this.#translate();
    this.#ui.input.focus();
    this.#toEnd();
  }

  close() {
    if (!this.#launches || !this.isOpen) return;
    this.#expand(false);
    this.#ui.window.close();
    this.#ui.launcher.setAttribute("aria-expanded", "false");
    this.#keep({ open: false });
    this.#translate();
    const opener = this.#opener?.isConnected && this.#opener !== document.body ? this.#opener : this.#ui.launcher;
    opener.focus();
    this.#tellPage("close");
  }

  /* Asks as if the patron had typed it; gives the reply, or null where there is none. */
  async ask(text) {
    const message = String(text).trim();
    if (!message || this.#busy || characters(message) > SERVED.limit) return null;
    if (!this.isOpen) this.open();
    return this.#send(message);
  }

  // --- what outlives the page ---

  /* sessionStorage ends with the tab, which suits a library's shared computers; where it is forbidden, with the page. */
  #stored() {
    try { return JSON.parse(sessionStorage.getItem(this.#key)) ?? {}; } catch { return {}; }
  }

  #keep(changes) {
    Object.assign(this.#state, changes);
    if ("conversation" in changes) this.#ui.delete.hidden = !changes.conversation;
    try { sessionStorage.setItem(this.#key, JSON.stringify(this.#state)); } catch { /* forbidden or full: see above */ }
  }

  /* The patron's choice holds until the page itself comes in another language. */
  #chosen() {
    const { choice, page } = this.#state;
    return choice && page === this.#pageLanguage() ? choice : this.#pageLanguage();
  }

  #pageLanguage() {
    const page = this.getAttribute("language") ?? this.closest("[lang]")?.lang;
    return known(page) ?? navigator.languages.map(known).find(Boolean) ?? LANGUAGES[0];
  }

  // --- words ---

  #say(key, values = {}) {
    return SERVED.words[this.#language][key].replace(/\$(\w+)/g, (_, name) => values[name]);
  }

  /* Kazakh writes numbers and dates as Russian does in Kazakhstan, and some browsers come without Kazakh. */
  get #locale() { return this.#language === "en" ? "en-GB" : "ru-KZ"; }

  #number(value) { return new Intl.NumberFormat(this.#locale).format(value); }

  #time(date) {
    const today = date.toDateString() === new Date().toDateString();
    const day = today ? {} : { day: "2-digit", month: "2-digit", year: "numeric" };
    const style = { ...day, hour: "2-digit", minute: "2-digit" };
    return new Intl.DateTimeFormat(this.#locale, style).format(date);
  }

  #translate() {
    for (const element of this.shadowRoot.querySelectorAll("[data-say], [data-name], time")) this.#word(element);
    const { window, title, input, status, librarian } = this.#ui;
    window.lang = this.#language;
    title.textContent = this.getAttribute("heading") ?? this.#say("title");
    input.placeholder = this.#say("hint");
    status.textContent = this.#told.length > 1 ? this.#say(...this.#told) : this.#told[0] ?? "";
    librarian?.setAttribute("lang", this.#language);
    this.#count();
    this.#greet();
  }

  /* An element's own words in the language in force. */
  #word(element) {
    const { say, name } = element.dataset;
    if (say) element.textContent = this.#say(say);
    if (name) {
      element.setAttribute("aria-label", this.#say(name));
      if (element.localName === "button") element.title = this.#say(name);
    }
    if (element.localName === "time") element.textContent = this.#time(new Date(element.dateTime));
    if (say || name) element.lang = this.#language;
  }

  #worded(tag, key, attributes = {}, ...children) {
    const element = make(tag, { ...attributes, "data-say": key }, ...children);
    this.#word(element);
    return element;
  }

  /* A button that shows an icon only. */
  #iconButton(key, click, attributes = {}) {
    const button = make("button", { type: "button", class: "icon", "data-name": key, click, ...attributes }, icon(key));
    this.#word(button);
    return button;
  }

  /* A button with an icon and words. */
  #button(key, click, attributes = {}) {
    return make("button", { type: "button", click, ...attributes }, icon(key), this.#worded("span", key));
  }

  // --- the frame ---

  get #launches() { return this.hasAttribute("launcher"); }

  #build() {
    const ui = this.#ui;
    ui.title = make("h2", { id: "title", part: "title" });
    ui.log = make("div", { class: "log", part: "log", role: "log", tabindex: "0", "data-name": "log", "aria-live": "off" });
    ui.status = make("p", { class: "status", part: "status" });
    ui.count = make("p", { id: "count", class: "count", part: "count" });
    ui.announcer = make("p", { class: "hidden", role: "status" }); // the one live region
    ui.window = make("dialog", { class: "window", part: "window", "aria-labelledby": "title", keydown: (event) => this.#pressed(event) },
      this.#header(), ui.log, make("div", { class: "line" }, ui.status, ui.count), this.#form(), this.#footer(), ui.announcer);
    ui.window.addEventListener("cancel", (event) => this.#leave(event)); // Esc, or the phone's way back, without a focus
    ui.window.addEventListener("close", () => { if (!this.isOpen) this.#closed(); });
    this.shadowRoot.append(ui.window);
    if (this.#launches) this.#addLauncher();
    else ui.window.setAttribute("open", ""); // show() would take the page's focus
    this.#translate();
  }

  #addLauncher() {
    this.#ui.launcher = make("button", {
      type: "button", class: "launcher", part: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false",
      click: () => (this.isOpen ? this.close() : this.open()),
    }, make("span", { class: "mark" }, lamp()), this.#worded("span", "launcher"));
    this.shadowRoot.prepend(this.#ui.launcher);
  }

  #header() {
    const ui = this.#ui;
    const options = LANGUAGES.map((code) => make("option", { value: code, lang: code }, SERVED.words[code].name));
    ui.languages = make("select", { "data-name": "language", change: () => this.#choose(ui.languages.value) }, ...options);
    ui.delete = this.#iconButton("delete", () => this.#delete(), { part: "delete", hidden: "", blur: () => this.#askFirst("delete") });
    ui.expand = this.#iconButton("expand", () => this.#expand(!ui.window.classList.contains("expanded")), { part: "expand" });
    return make("header", { part: "header" },
      make("span", { class: "mark" }, lamp()),
      make("div", { class: "names" }, ui.title, this.#worded("p", "subtitle")),
      make("span", { class: "language", part: "language" }, this.#worded("span", "short", { "aria-hidden": "true" }), ui.languages),
      ui.delete,
      this.#iconButton("new", () => this.#beginAnew(), { part: "new" }),
      ui.expand,
      ...(this.#launches ? [this.#iconButton("close", () => this.close(), { part: "close" })] : []));
  }

  #form() {
    const ui = this.#ui;
    ui.input = make("textarea", {
      id: "question", part: "input", rows: "1", "aria-describedby": "count", enterkeyhint: "send",
      keydown: (event) => this.#typed(event), input: () => this.#edited(),
    });
    ui.input.value = this.#state.draft ?? "";
    ui.send = this.#iconButton("send", () => {}, { class: "icon send", part: "send", type: "submit" });
    ui.stop = this.#iconButton("stop", () => this.#busy?.abort(), { class: "icon send", part: "stop", hidden: "" });
    const field = make("div", { class: "field" }, this.#worded("label", "label", { class: "hidden", for: "question" }), ui.input, ui.send, ui.stop);
    return make("form", { part: "form", submit: (event) => { event.preventDefault(); this.#submit(); } }, field);
  }

  #footer() {
    const ui = this.#ui;
    const footer = make("footer", { part: "footer" }, this.#worded("p", "reminder", { part: "notice" }));
    if (SERVED.contact) {
      ui.librarian = this.#librarian();
      footer.append(ui.librarian);
    }
    return footer;
  }

  #librarian() {
    return make("details", { class: "librarian", part: "librarian" },
      make("summary", {}, icon("librarian"), this.#worded("span", "librarian")),
      make("div", {}, this.#worded("p", "librarian_help"), make("p", { class: "contact" }, ...inline(SERVED.contact, (n) => `[${n}]`))));
  }

  /* Opens the window as the screen asks: over everything on a small one and when expanded, else beside the page. */
  #place() {
    const { window, launcher, expand } = this.#ui;
    const focused = this.shadowRoot.activeElement;
    const expanded = window.classList.contains("expanded");
    window.close();
    if (expanded || (this.#launches && this.#narrow.matches)) window.showModal();
    else window.setAttribute("open", "");
    focused?.focus();
    launcher?.setAttribute("aria-expanded", "true");
    expand.dataset.name = expanded ? "shrink" : "expand";
    expand.replaceChildren(icon(expand.dataset.name));
    this.#word(expand);
    this.#fit();
  }

  /* Browsers close a window by force where Esc is pressed twice: one in a page comes back. */
  #closed() {
    this.#ui.launcher?.setAttribute("aria-expanded", "false");
    if (!this.#launches) this.#ui.window.setAttribute("open", "");
  }

  #expand(yes) {
    const { classList } = this.#ui.window;
    if (classList.contains("expanded") === yes) return;
    classList.toggle("expanded", yes);
    this.#place();
  }

  /* Keeps the window above a phone's keyboard. */
  #fit() {
    this.#ui.window.style.setProperty("--seen", `${visualViewport.height}px`);
    this.#ui.window.style.setProperty("--above", `${visualViewport.offsetTop}px`);
    if (this.#ui.window.matches(":modal") && this.shadowRoot.activeElement === this.#ui.input) this.#toEnd();
  }

  #watch() {
    this.#narrow.addEventListener("change", () => { if (this.#launches && this.isOpen) this.#place(); });
    visualViewport.addEventListener("resize", () => this.#fit());
    visualViewport.addEventListener("scroll", () => this.#fit());
    addEventListener("offline", () => { if (!this.#busy) this.#tell("disconnected", {}); });
    addEventListener("online", () => { if (!this.#busy) this.#tell(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#dress());
    if (!navigator.onLine) this.#tell("disconnected", {});
  }

  /* The accent colour, and black or white on it, whichever can be read. */
  #dress() {
    const accent = this.getAttribute("accent");
    if (accent) this.style.setProperty("--shyraq-accent", accent);
    const { style } = this.#ui.window;
    const [r, g, b] = (getComputedStyle(this.#ui.send).backgroundColor.match(/[\d.]+/g) ?? [0, 0, 0]).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; // WCAG 2.2, relative luminance
    });
    const on = 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#101820" : "#fff";
    style.setProperty("--on", on);
    this.#ui.launcher?.style.setProperty("--on", on);
  }

  #tellPage(name, detail = null) {
    this.dispatchEvent(new CustomEvent(`shyraq-${name}`, { detail, bubbles: true, composed: true }));
  }

  // --- telling ---

  /* Shows a line above the form and has it read out: a key with values, or a text; nothing clears it. */
  #tell(...told) {
    this.#told = told;
    const text = told.length > 1 ? this.#say(...told) : told[0] ?? "";
    this.#ui.status.textContent = text;
    this.#ui.announcer.lang = this.#language;
    this.#ui.announcer.textContent = text;
  }

  #greet() {
    const { log } = this.#ui;
    if (log.querySelector("[data-turn]")) return;
    const starters = this.#say("starters").split("\n");
    log.replaceChildren(make("div", { class: "hello" },
      make("span", { class: "mark" }, lamp()),
      this.#worded("p", "hello"),
      this.#worded("p", "notice", { class: "notice", part: "notice" }),
      this.#choices(starters, this.#language)));
  }

  #toEnd() { this.#ui.log.scrollTop = this.#ui.log.scrollHeight; }

  /* Scrolls the log, and never the page around it as scrollIntoView() does, until `top` is at its top or `bottom` is seen. */
  #reveal(bottom, top = bottom) {
    const { log } = this.#ui;
    const seen = log.getBoundingClientRect();
    const down = bottom.getBoundingClientRect().bottom - seen.bottom + 12;
    const room = top.getBoundingClientRect().top - seen.top - 12;
    log.scrollTop += room < 0 ? room : Math.max(0, Math.min(down, room));
  }

  // --- language ---

  #choose(language) {
    this.#keep({ choice: language, page: this.#pageLanguage() });
    this.#speak(language);
  }

  #speak(language) {
    this.#language = language;
    this.#translate();
    this.#tellPage("language", language);
  }

  // --- typing ---

  #pressed(event) {
    if (event.key === "Escape") this.#leave(event);
  }

  #leave(event) {
    event.preventDefault();
    event.stopPropagation();
    if (this.#ui.window.classList.contains("expanded")) this.#expand(false);
    else this.close();
  }

  #typed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #edited() {
    this.#keep({ draft: this.#ui.input.value });
    this.#count();
  }

  #count() {
    const { input, count, languages } = this.#ui;
    languages.value = this.#language;
    const length = characters(input.value);
    const over = length - SERVED.limit;
    const values = { count: this.#number(length), limit: this.#number(SERVED.limit) };
    count.textContent = over > 0 ? this.#say("too_long", { count: this.#number(over) }) : length ? this.#say("count", values) : "";
    count.classList.toggle("over", over > 0);
    input.setAttribute("aria-invalid", over > 0);
    input.style.height = "auto";
    if (length) input.style.height = `${input.scrollHeight + 2}px`; // and the border
  }

  #submit() {
    const message = this.#ui.input.value.trim();
    if (!message || this.#busy) return;
    if (characters(message) > SERVED.limit) this.#ui.announcer.textContent = this.#ui.count.textContent;
    else this.#send(message);
  }

  // --- asking ---

  async #send(message) {
    const answer = this.#question(message);
    this.#ui.input.value = "";
    this.#edited();
    this.#keep({ draft: message }); // until the service has it
    this.#tellPage("ask", message);
    return this.#deliver(message, answer);
  }

  /* Fills the article `answer`; gives the reply, or null where the patron stopped it or nobody answered. */
  async #deliver(message, answer) {
    this.#hold(new AbortController());
    this.#tell("waiting", {});
    const { signal } = this.#busy;
    try {
      const reply = await this.#insist(message, answer, signal);
      this.#show(reply, answer);
      this.#finish(reply, answer);
      return reply;
    } catch (error) {
      if (signal.aborted && !answer.isConnected) return null; // a new conversation has begun
      this.#fail(signal.aborted ? this.#say("stopped") : error.told ?? this.#say("down"), message, answer);
      if (!(error instanceof Fault) && !signal.aborted) throw error;
      return null;
    } finally {
      this.#hold(null);
    }
  }

  #hold(controller) {
    const { send, stop, log } = this.#ui;
    const focused = this.shadowRoot.activeElement;
    this.#busy = controller;
    send.hidden = Boolean(controller);
    stop.hidden = !controller;
    log.setAttribute("aria-busy", Boolean(controller));
    if (focused === send || focused === stop) this.#ui.input.focus(); // it has just been hidden
  }

  /* Tries, and tries again with longer and longer pauses; being offline does not count as a try. */
  async #insist(message, answer, signal) {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#try(message, answer, signal);
      } catch (error) {
        if (error.gone && this.#state.conversation) {
          this.#keep({ conversation: null });
          this.#tell("gone", {});
          continue;
        }
        if (!error.again || tried >= TRIES) throw error;
        if (!navigator.onLine) {
          this.#tell("offline", {});
          tried = 0;
          await pause({ event: "online", signal });
        } else {
          this.#tell("retrying", { count: tried + 1, total: TRIES });
          await pause({ ms: Math.max(error.after, FIRST_PAUSE * 2 ** (tried - 1)) * (1 + Math.random() / 4), signal });
        }
        const kept = await this.#kept(message, signal);
        if (kept) return kept;
      }
    }
  }

  #try(message, answer, signal) {
    let text = "";
    const body = { message, conversation_id: this.#state.conversation ?? null, language: this.#language };
    return answerOf(this.#server, body, signal, ({ name, data }) => {
      if (name === "meta") this.#keep({ conversation: data.conversation_id, draft: "" });
      if (name === "delta") this.#draw(answer, (text += data.text), data.language);
    });
  }

  /* The answer to `message` where the service wrote it but the connection broke before it came. */
  async #kept(message, signal) {
    const shown = this.#shown();
    const held = await this.#conversation(signal).catch(() => null);
    const asked = message.normalize("NFC"); // as the service keeps it
    const found = held?.messages.find((kept) => kept.message === asked && !shown.has(kept.message_id));
    return found ? { ...found, conversation_id: held.conversation_id } : null;
  }

  #shown() { return new Set([...this.#ui.log.querySelectorAll("[data-id]")].map((article) => article.dataset.id)); }

  async #conversation(signal) {
    if (!this.#state.conversation) return null;
    const response = await fetch(`${this.#server}/api/conversations/${this.#state.conversation}`, { credentials: "omit", signal });
    if (response.status === 404) {
      this.#keep({ conversation: null });
      return null;
    }
    if (!response.ok) throw new Fault(null);
    return response.json();
  }

  #fail(text, message, answer) {
    const again = this.#button("again", () => {
      if (this.#busy) return;
      answer.replaceChildren();
      if (this.#ui.input.value.trim() === message) { // it was put back there
        this.#ui.input.value = "";
        this.#edited();
        this.#keep({ draft: message });
      }
      this.#deliver(message, answer);
    }, { class: "pill" });
    answer.classList.add("failed");
    answer.querySelector(".failure")?.remove();
    answer.append(make("div", { class: "failure", lang: this.#language }, make("p", {}, text), again));
    this.#tell();
    this.#ui.announcer.textContent = text;
    if (!this.#ui.input.value) {
      this.#ui.input.value = this.#state.draft ?? "";
      this.#count();
    }
    this.#toEnd();
    this.#tellPage("error", text);
  }

  #finish(reply, answer) {
    this.#keep({ conversation: reply.conversation_id, draft: this.#ui.input.value });
    this.#tell();
    const spoken = plain(answer.querySelector(".body")).replace(/\s*\[\d+\]/g, "");
    const sources = reply.citations.length ? this.#say("sources_count", { count: this.#number(reply.citations.length) }) : "";
    this.#ui.announcer.lang = reply.language;
    this.#ui.announcer.textContent = `${this.#say("mark")}: ${spoken}\n${sources}`;
    if (!this.isOpen) {
      this.#ui.launcher.classList.add("unread");
      this.#ui.launcher.querySelector("[data-say]").dataset.say = "unread";
      this.#translate();
    }
    this.#tellPage("answer", reply);
  }

  // --- the conversation on the screen ---

  /* The patron's words, and the empty article of the answer to them. */
  #question(text, created = new Date()) {
    const { log } = this.#ui;
    log.querySelector(".hello")?.remove();
    log.querySelectorAll(".next").forEach((choices) => choices.remove());
    const answer = make("article", { class: "answer", part: "message answer", "data-turn": "" }, make("span", { class: "dots" }));
    log.append(make("article", { class: "question", part: "message question", "data-turn": "" },
      this.#worded("span", "you", { class: "hidden" }), make("p", {}, text), make("time", { class: "hidden", datetime: created.toISOString() })), answer);
    log.querySelectorAll("time").forEach((time) => this.#word(time));
    this.#toEnd();
    return answer;
  }

  /* An answer that is still coming. */
  #draw(answer, text) {
    answer.replaceChildren(make("div", { class: "body" }, ...blocks(text, (n) => `[${n}]`)));
    this.#toEnd();
  }

  /* A whole answer: its text, its sources, the mark that a machine made it, and what can be done with it. */
  #show(reply, answer) {
    const sources = this.#sources(reply.citations);
    const body = make("div", { class: "body" }, ...blocks(reply.answer, (n) => this.#citation(n, sources), this.#say("table")));
    answer.lang = reply.language;
    answer.classList.remove("failed");
    Object.assign(answer.dataset, { aiGenerated: "true", aiSystem: "Shyraq", id: reply.message_id, status: reply.status });
    answer.replaceChildren(body, ...(sources ? [sources] : []), ...this.#referral(reply),
      make("div", { class: "foot" }, this.#signature(reply), this.#actions(reply, body)));
    if (reply.suggestions.length) this.#ui.log.append(this.#choices(reply.suggestions, reply.language));
    this.#reveal(this.#ui.log.lastChild, answer.previousSibling);
  }

  /* Where Shyraq does not know, the librarian is at hand. */
  #referral(reply) {
    const { librarian } = this.#ui;
    if (reply.status !== "unknown" || !librarian) return [];
    const open = () => {
      librarian.open = true;
      librarian.firstChild.focus();
    };
    return [this.#button("librarian", open, { class: "pill referral" })];
  }

  #signature(reply) {
    const time = make("time", { datetime: reply.created_at ?? new Date().toISOString() });
    this.#word(time);
    return make("p", { class: "signature", part: "mark" }, make("span", { class: "mark" }, lamp()), this.#worded("span", "mark"), " · ", time);
  }

  #sources(citations) {
    if (!citations.length) return null;
    const items = citations.map(({ n, id, title, source, url, quote }) => make("li", {},
      make("details", { "data-n": n, "data-id": id, part: "source" },
        make("summary", {}, make("span", { class: "number" }, String(n)), make("span", { class: "source-title" }, title)),
        make("blockquote", {}, quote),
        make("p", { class: "origin" }, source),
        ...(/^https?:\/\//.test(url ?? "") ? [make("p", {}, link(url, this.#say("source_open")))] : []))));
    return make("section", { class: "sources", part: "sources" }, this.#worded("h3", "sources"), make("ul", {}, ...items));
  }

  #citation(n, sources) {
    const source = sources?.querySelector(`details[data-n="${n}"]`);
    if (!source) return `[${n}]`;
    const open = () => {
      source.open = true;
      source.firstChild.focus();
      this.#reveal(source);
    };
    const title = source.querySelector(".source-title").textContent;
    return make("button", { type: "button", class: "citation", part: "citation", "aria-label": `[${n}] ${title}`, click: open }, `[${n}]`);
  }

  #choices(questions, language) {
    const list = make("div", { class: "next", role: "group", "data-name": "next" },
      ...questions.map((text) => make("button", { type: "button", class: "pill", part: "suggestion", click: () => this.ask(text) }, text)));
    this.#word(list);
    list.lang = language;
    return list;
  }

  #actions(reply, body) {
    const rate = (key, rating) => this.#iconButton(key, () => this.#rate(reply.message_id, rating, actions), { "aria-pressed": String(reply.rating === rating) });
    const actions = make("div", { class: "actions" },
      this.#iconButton("copy", () => this.#copy(reply, body)), rate("good", 1), rate("bad", -1));
    return actions;
  }

  async #copy(reply, body) {
    const sources = reply.citations.map(({ n, title, source }) => `[${n}] ${title} — ${source}`);
    const text = [plain(body), ...sources, `${this.#say("title")} · ${this.#say("mark")} · ${this.#time(new Date())}`].join("\n");
    const copied = await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(() => true, () => this.#copyBySelection(text));
    this.#tell(copied ? "copied" : "copy_failed", {});
  }

  /* Pages without https have no clipboard. */
  #copyBySelection(text) {
    const focused = this.shadowRoot.activeElement;
    const holder = make("textarea", { class: "hidden", "aria-hidden": "true" });
    holder.value = text;
    this.#ui.window.append(holder);
    holder.select();
    const copied = document.execCommand("copy");
    holder.remove();
    focused?.focus();
    return copied;
  }

  // --- feedback ---

  async #rate(id, rating, actions) {
    const given = await this.#give(id, rating, null);
    if (!given) return;
    [...actions.querySelectorAll("[aria-pressed]")].forEach((button, place) => button.setAttribute("aria-pressed", String(rating === [1, -1][place])));
    const foot = actions.parentNode;
    foot.parentNode.querySelector(".reason")?.remove();
    const reason = this.#reason(id, rating);
    foot.after(reason);
    this.#reveal(reason);
    this.#tellPage("feedback", { message_id: id, rating });
  }

  async #give(id, rating, comment) {
    const body = JSON.stringify({ message_id: id, rating, comment });
    const request = { method: "POST", headers: { "Content-Type": "application/json" }, body, credentials: "omit" };
    const given = await fetch(`${this.#server}/api/feedback`, request).then((response) => response.ok, () => false);
    this.#tell(given ? "thanks" : "feedback_failed", {});
    return given;
  }

  #reason(id, rating) {
    const input = make("textarea", { id: `reason-${id}`, rows: "2", maxlength: SERVED.limit });
    const form = make("form", { class: "reason", part: "reason", lang: this.#language },
      this.#worded("label", "reason", { for: input.id }), input,
      make("div", {}, this.#worded("button", "reason_send", { class: "pill" }),
        this.#worded("button", "reason_skip", { type: "button", class: "quiet", click: () => leave() })));
    const leave = () => {
      form.remove();
      this.#ui.input.focus();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!input.value.trim() || (await this.#give(id, rating, input.value.trim()))) leave();
    });
    return form;
  }

  // --- the conversation as a whole ---

  async #restore() {
    try {
      const held = await this.#conversation();
      if (!held || held.conversation_id !== this.#state.conversation) return; // begun anew while this was loading
      const { log } = this.#ui;
      const later = [...log.children].filter((node) => !node.matches(".hello")); // asked while this was loading
      const shown = this.#shown();
      for (const message of held.messages.filter(({ message_id }) => !shown.has(message_id))) this.#show(message, this.#question(message.message, new Date(message.created_at)));
      if (later.length) log.querySelectorAll(".next").forEach((choices) => choices.remove());
      log.append(...later);
      this.#toEnd();
    } catch { this.#tell("history_failed", {}); } // it goes on with the next question
  }

  #beginAnew() {
    this.#busy?.abort();
    this.#keep({ conversation: null, draft: this.#ui.input.value });
    this.#ui.log.replaceChildren();
    this.#tell();
    this.#greet();
    this.#ui.input.focus();
  }

  /* Deleting takes two presses of one button; `key` is what it says. */
  #askFirst(key) {
    const button = this.#ui.delete;
    if (key === "delete_sure") this.#tell(key, {});
    else if (this.#told[0] === "delete_sure") this.#tell();
    button.dataset.name = key;
    this.#word(button);
  }

  async #delete() {
    if (this.#ui.delete.dataset.name === "delete") return this.#askFirst("delete_sure");
    const id = this.#state.conversation;
    const gone = !id || (await fetch(`${this.#server}/api/conversations/${id}`, { method: "DELETE", credentials: "omit" })
      .then((response) => response.ok || response.status === 404, () => false));
    this.#askFirst("delete");
    if (gone) this.#beginAnew();
    return this.#tell(gone ? "deleted" : "delete_failed", {});
  }
}

// --- Looks ----------------------------------------------------------------------------------------------------------

const DARK = `--ink: #e9e6de; --soft: #aab4bf; --paper: #161d26; --raised: #1e2732; --line: #303c49; --edge: #7c8896; --tint: #1c3a44;
  --link: #86d5e2; --bad: #ff9d8f; --fill: var(--shyraq-accent, #7fd3e0); color-scheme: dark;`;

/* Lengths in em of the host, which is 16 px at least: pages whose root is smaller would make the text too small to read. */
const CSS = `
:host { --ink: #1c2530; --soft: #55606d; --paper: #fff; --raised: #f6f4ee; --line: #dde1e6; --edge: #7a8592; --tint: #e3f0f2; --link: #0b5c6b;
  --bad: #a3261b; --fill: var(--shyraq-accent, #0b5c6b); --radius: var(--shyraq-radius, 16px); --gap: 1.25em; color-scheme: light;
  display: block; position: relative; font-size: max(16px, 1rem); line-height: 1.55; color: var(--ink); text-align: start;
  font-family: var(--shyraq-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, sans-serif); }
:host([theme="dark"]) { ${DARK} }
@media (prefers-color-scheme: dark) { :host(:not([theme="light"])) { ${DARK} } }
:host([launcher]) { display: contents; }
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; font: inherit; letter-spacing: inherit; color: inherit; margin: 0; }
strong, th { font-weight: 650; } em { font-style: italic; } code { font-family: ui-monospace, monospace; font-size: .93em; }
svg { width: 1.35em; height: 1.35em; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.mark { display: inline-grid; place-items: center; flex: none; width: 2.5em; height: 2.5em; border-radius: .75em; background: #0b5c6b; }
.mark svg { width: 68%; height: 68%; stroke: none; }
.hidden { position: absolute; width: 1px; height: 1px; padding: 0; border: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
button, summary, select { min-height: 44px; min-width: 44px; cursor: pointer; touch-action: manipulation; }
button { border: 1px solid transparent; border-radius: .75em; background: none; padding: .3em .8em; }
.icon { display: inline-grid; place-items: center; padding: 0; color: var(--soft); }
.icon:hover, .quiet:hover, summary:hover { color: var(--ink); background: var(--raised); }

.launcher { position: fixed; z-index: var(--shyraq-z, 2147483000); bottom: max(var(--gap), env(safe-area-inset-bottom)); inset-inline-end: var(--gap);
  display: inline-flex; align-items: center; gap: .6em; padding: .45em 1.2em .45em .5em; border-radius: 2em; background: var(--fill); color: var(--on);
  font-weight: 600; box-shadow: 0 6px 24px #0005; max-width: calc(100vw - 2 * var(--gap)); }
.launcher .mark { border-radius: 50%; box-shadow: inset 0 0 0 1px #fff4; }
.launcher.unread .mark::after { content: ""; position: absolute; top: .1em; inset-inline-start: 2.2em; width: .8em; height: .8em; border-radius: 50%; background: #f6b93b;
  border: 2px solid var(--paper); }
:host([position="left"]) .launcher { inset-inline: var(--gap) auto; }
:host([launcher]) .window { position: fixed; z-index: var(--shyraq-z, 2147483000); inset: auto; bottom: calc(var(--gap) + 4.25em); inset-inline-end: var(--gap);
  width: min(var(--shyraq-width, 27em), 100vw - 2 * var(--gap)); height: min(var(--shyraq-height, 40em), 100dvh - 2 * var(--gap) - 4.25em);
  box-shadow: 0 12px 48px #0004; animation: rise .18s ease-out; }
:host([launcher][position="left"]) .window { inset-inline: var(--gap) auto; }
@keyframes rise { from { opacity: 0; transform: translateY(.6em); } }

.window { position: static; width: 100%; height: 100%; max-width: none; max-height: none; padding: 0; overflow: hidden; border: 1px solid var(--line);
  border-radius: var(--radius); background: var(--paper); color: var(--ink); container: window / inline-size; }
.window[open] { display: flex; flex-direction: column; }
:host .window:modal { position: fixed; inset: 0; top: var(--above, 0); bottom: auto; width: 100%; height: var(--seen, 100dvh); border: 0; border-radius: 0; }
.window::backdrop { background: var(--paper); }
.window > * { padding-inline: max(1em, 50% - 24em); }

header { display: flex; align-items: center; padding-block: .6em; border-bottom: 1px solid var(--line); }
.names { flex: 1; min-width: 0; margin-inline: .65em .3em; line-height: 1.3; }
h2 { font-size: 1.06em; font-weight: 650; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.names p { font-size: .8125em; color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.language { position: relative; display: inline-flex; align-items: center; gap: .4em; flex: none; min-height: 44px; padding-inline: .6em; border-radius: .75em; color: var(--soft); font-size: .9375em; }
.language::after { content: ""; width: .4em; height: .4em; border: solid; border-width: 0 1.5px 1.5px 0; transform: translateY(-.12em) rotate(45deg); }
.language select { position: absolute; inset: 0; opacity: 0; } .language:hover { background: var(--raised); color: var(--ink); }
.language:focus-within { outline: 3px solid var(--link); } option { background: var(--paper); color: var(--ink); }

.log { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin; padding-block: 1.1em; display: flex; flex-direction: column;
  gap: 1em; outline-offset: -3px; scroll-padding-block: 1em; }
.log > :first-child { margin-top: auto; } .log > .hello { margin-block: auto; }
article { max-width: 100%; overflow-wrap: anywhere; }
.question { align-self: flex-end; max-width: 86%; padding: .5em .95em; border-radius: 1.15em 1.15em .3em 1.15em; background: var(--tint); white-space: pre-wrap; }
.body > * + *, li + li { margin-top: .55em; }
.body ul, .body ol { padding-inline-start: 1.4em; } .body ::marker { color: var(--soft); }
blockquote { padding-inline-start: .8em; border-inline-start: 3px solid #f6b93b; }
a { color: var(--link); text-underline-offset: .15em; overflow-wrap: anywhere; }
.table { overflow-x: auto; } table { border-collapse: collapse; overflow-wrap: normal; }
td, th { padding: .35em .8em .35em 0; border-bottom: 1px solid var(--line); text-align: start; vertical-align: top; }
.citation { position: relative; min-width: 1.65em; min-height: 1.65em; padding: 0 .2em; margin-inline: .1em; border-radius: .5em; background: var(--tint); color: var(--link);
  font-size: .8em; line-height: 1.6; font-weight: 600; vertical-align: .1em; }
.citation::after { content: ""; position: absolute; inset: -.7em -.45em; }
.citation:hover { text-decoration: underline; }
.dots { display: inline-block; width: 2.4em; height: .5em; margin-block: .5em; background: radial-gradient(circle closest-side, var(--soft) 92%, #0000) 0/33% 100%;
  animation: dots 1.1s infinite steps(4, jump-none); clip-path: inset(0 100% 0 0); }
@keyframes dots { to { clip-path: inset(0); } }

.sources { margin-top: .8em; font-size: .9375em; } .sources ul { list-style: none; padding: 0; display: grid; gap: .35em; }
h3 { font-size: .8125em; font-weight: 600; color: var(--soft); margin-bottom: .3em; }
.sources li { margin: 0; }
.sources details { border: 1px solid var(--line); border-radius: .75em; overflow: clip; } .sources details > :not(summary) { margin: 0 .8em .6em; }
.sources summary { display: flex; align-items: center; gap: .6em; padding: .3em .7em; list-style: none; border-radius: .7em; outline-offset: -3px; line-height: 1.35; }
summary::-webkit-details-marker { display: none; }
.sources summary::after { content: ""; flex: none; width: .45em; height: .45em; margin-inline: auto .2em; border: solid var(--soft); border-width: 0 1.5px 1.5px 0;
  transform: translateY(-.1em) rotate(45deg); }
.sources [open] > summary::after { transform: translateY(.1em) rotate(225deg); }
.number { flex: none; display: grid; place-items: center; min-width: 1.65em; height: 1.65em; border-radius: .5em; background: var(--tint); color: var(--link); font-size: .85em; font-weight: 600; }
.origin, .signature, .notice, .count, .status, footer > * { color: var(--soft); font-size: .8125em; line-height: 1.4; }
.foot { display: flex; flex-wrap: wrap; align-items: center; column-gap: .4em; margin-top: .3em; }
.signature { display: flex; align-items: center; gap: .4em; white-space: pre; } .signature .mark { width: 1.7em; height: 1.7em; border-radius: .5em; }
.actions svg { width: 1.2em; height: 1.2em; }
.actions [aria-pressed="true"] { color: var(--link); } .actions [aria-pressed="true"] path { fill: var(--tint); }
.reason { display: grid; gap: .5em; margin-top: .3em; padding: .8em; border: 1px solid var(--line); border-radius: 1em; }
.reason textarea { width: 100%; } .reason div { display: flex; flex-wrap: wrap; gap: .5em; }
.failure { display: grid; gap: .5em; justify-items: start; padding: .7em .9em; margin-top: .4em; border: 1px solid var(--line); border-inline-start: 4px solid var(--bad); border-radius: .75em; }
.next { display: flex; flex-wrap: wrap; gap: .5em; }
.pill { display: inline-flex; align-items: center; gap: .5em; padding: .45em .95em; border: 1px solid var(--edge); border-radius: 1.4em; background: var(--paper); color: var(--link); text-align: start; line-height: 1.35; }
.pill:hover { background: var(--tint); border-color: var(--link); }
.hello { display: grid; justify-items: center; gap: .8em; text-align: center; max-width: 30em; align-self: center; } .hello > .mark { width: 3.6em; height: 3.6em; border-radius: 1.1em; }
.hello .next { justify-content: center; } .hello .notice { font-size: .875em; padding: .6em .9em; border-radius: .75em; background: var(--raised); }

.line { display: flex; gap: 1em; justify-content: space-between; padding-block: .35em; min-height: 1.9em; } .count { text-align: end; flex: none; max-width: 60%; }
.count.over { color: var(--bad); font-weight: 600; }
textarea { padding: .6em .9em; border: 1px solid var(--edge); border-radius: 1.2em; background: var(--paper); resize: none; line-height: 1.4; }
.field { display: flex; align-items: flex-end; border: 1px solid var(--edge); border-radius: 1.6em; background: var(--paper); padding: .25em; }
.field textarea { flex: 1; min-width: 0; max-height: 9.5em; padding: .68em .5em .68em .9em; border: 0; border-radius: 1.3em; background: none; overflow-y: auto; }
.field:focus-within { outline: 3px solid var(--link); outline-offset: 1px; } .field textarea:focus-visible { outline: none; }
::placeholder { color: var(--soft); opacity: 1; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.icon.send { border-radius: 50%; background: var(--fill); color: var(--on); } .icon.send:hover { filter: brightness(1.12); background: var(--fill); color: var(--on); }
[part="stop"] path { fill: currentColor; }
footer { position: relative; display: flex; flex-wrap: wrap; align-items: center; column-gap: .5em; min-height: 3em; padding-bottom: env(safe-area-inset-bottom); }
footer > p { flex: 1 0 auto; }
.quiet { color: var(--soft); } .referral { margin-top: .8em; } [data-name="delete_sure"] { color: var(--bad); background: var(--raised); }
.librarian summary { display: flex; margin-inline-start: -.7em; align-items: center; gap: .4em; padding: 0 .7em; color: var(--link); font-weight: 600; list-style: none; border-radius: .75em; } .librarian svg { width: 1.3em; height: 1.3em; }
.librarian div { position: absolute; bottom: 100%; inset-inline: 1em; z-index: 1; padding: .8em 1em; border: 1px solid var(--edge); border-radius: 1em; background: var(--paper); color: var(--ink); box-shadow: 0 6px 24px #0003; font-size: 1.15em; }
.contact a { display: inline-block; padding-block: .5em; } .contact { font-weight: 600; overflow-wrap: anywhere; }

:host([launcher]) .window:not(.expanded):modal [part="expand"] { display: none; }
@container window (max-width: 26em) {
  .names { margin-inline: .5em 0; } .names p { display: none; }
}
@container window (max-width: 22em) { .window > header { padding-inline: .75em .25em; } header > .mark { display: none; } .names { margin: 0; } h2 { font-size: 1em; } }
@container window (min-width: 44em) { .body, .question p { font-size: 1.0625em; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; } .dots { clip-path: none; } }
@media (forced-colors: active) {
  .launcher, .icon.send, .citation, .number, .question, .window { border: 1px solid ButtonText; } .actions [aria-pressed="true"] { outline: 2px solid Highlight; }
  .mark { forced-color-adjust: none; } .dots { background: CanvasText; }
}
@media print { .launcher { display: none; } }
`;
const STYLES = new CSSStyleSheet();
STYLES.replaceSync(CSS);

if (!customElements.get(TAG)) customElements.define(TAG, ShyraqChat);

/* The line that was pasted: its data-… become attributes of a launcher, unless the page has a chat of its own. */
const line = [...document.querySelectorAll('script[type="module"]')].find((script) => script.src === import.meta.url);
if (line && !document.querySelector(TAG)) {
  const attributes = Object.entries(line.dataset).map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), value]);
  document.body.append(make(TAG, { server: SERVER, ...Object.fromEntries(attributes), launcher: "" }));
}

export { blocks };
