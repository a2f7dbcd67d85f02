/* The chat of Shyraq for any page:
 *   <script src="https://SERVER/widget.js" defer></script>  <shyraq-chat language="kk"></shyraq-chat>
 * No dependency, no build step, no HTML made from text: an answer becomes DOM nodes, so there is nothing to sanitise.
 */
(() => {
  "use strict";

  const SERVER = document.currentScript ? new URL(document.currentScript.src).origin : location.origin;
  const LANGUAGES = { kk: "Қазақша", ru: "Русский", en: "English" };
  const WORDS = {
    title: { kk: "Шырақпен әңгіме", ru: "Разговор с Шыраком", en: "Chat with Shyraq" },
    language: { kk: "Тіл", ru: "Язык", en: "Language" },
    label: { kk: "Сұрағыңыз", ru: "Ваш вопрос", en: "Your question" },
    hint: { kk: "Кітапханалар туралы сұраңыз…", ru: "Спросите о библиотеках…", en: "Ask about libraries…" },
    send: { kk: "Жіберу", ru: "Отправить", en: "Send" },
    clear: { kk: "Әңгімені өшіру", ru: "Удалить разговор", en: "Delete the chat" },
    waiting: { kk: "Жауап іздеп жатырмын…", ru: "Ищу ответ…", en: "Looking it up…" },
    sources: { kk: "Дереккөздер", ru: "Источники", en: "Sources" },
    you: { kk: "Сіз:", ru: "Вы:", en: "You:" },
    shyraq: { kk: "Шырақ:", ru: "Шырақ:", en: "Shyraq:" },
    offline: {
      kk: "Серверге қосыла алмадым. Интернетті тексеріп, қайта жіберіп көріңіз.",
      ru: "Нет связи с сервером. Проверьте интернет и отправьте ещё раз.",
      en: "The server cannot be reached. Check your connection and send again.",
    },
    notice: {
      kk: "Мен жасанды интеллектпін, қателесуім мүмкін. Маңызды деректі дереккөзден тексеріңіз.",
      ru: "Я — искусственный интеллект и могу ошибаться. Важное проверяйте по источникам.",
      en: "I am an AI and can be wrong. Check what matters against the sources.",
    },
    hello: {
      kk: "Сәлеметсіз бе! Мен Шырақпын. Қазақстан кітапханалары туралы сұраңыз.",
      ru: "Здравствуйте! Я Шырақ. Спросите меня о библиотеках Казахстана.",
      en: "Hello! I am Shyraq. Ask me about the libraries of Kazakhstan.",
    },
    starters: {
      kk: ["DosAI деген не?", "Қостанай облыстық кітапханасы несімен ерекшеленеді?"],
      ru: ["Что такое DosAI?", "Чем интересна Костанайская областная библиотека?"],
      en: ["What is DosAI?", "What is the Kostanay Regional Library known for?"],
    },
  };

  const STYLE = `
    :host { --ink: #1d2733; --soft: #55606d; --paper: #fff; --line: #8b95a1; --mine: #e3eff1; --accent: #0b5c6b; --on: #fff;
      display: block; font: 1rem/1.55 system-ui, sans-serif; color: var(--ink); min-height: 24rem; }
    @media (prefers-color-scheme: dark) { :host { --ink: #ece7db; --soft: #b3bcc7; --paper: #1d2733; --line: #738091;
      --mine: #12414b; --accent: #7fd3e0; --on: #10222a; } }
    * { box-sizing: border-box; font: inherit; color: inherit; }
    section { display: flex; flex-direction: column; height: 100%; background: var(--paper); border: 1px solid var(--line);
      border-radius: 14px; overflow: hidden; }
    header { display: flex; justify-content: flex-end; gap: .5rem; padding: .5rem .75rem; border-bottom: 1px solid var(--line); }
    .log { flex: 1; overflow-y: auto; padding: 1rem; display: flex; flex-direction: column; gap: .75rem; }
    article { max-width: 92%; overflow-wrap: anywhere; }
    article.mine { align-self: flex-end; background: var(--mine); border-radius: 14px 14px 2px 14px; padding: .5rem .85rem; }
    p, ul, ol, table { margin: 0 0 .6rem; } article.mine p { margin: 0; white-space: pre-wrap; }
    ul, ol { padding-inline-start: 1.4rem; } strong { font-weight: 700; } em { font-style: italic; }
    table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: .25rem .6rem; text-align: start; }
    th { font-weight: 600; } summary { cursor: pointer; color: var(--soft); min-height: 1.75rem; }
    a { color: var(--accent); } li small { display: block; color: var(--soft); font-size: .875rem; }
    button, select, textarea { min-height: 2.75rem; border: 1px solid var(--line); border-radius: 10px; background: transparent; }
    button { padding: .3rem .9rem; cursor: pointer; text-align: start; } select { padding: 0 .5rem; background: var(--paper); }
    button.cite { min-height: 1.5rem; min-width: 1.5rem; padding: 0 .15rem; border: 0; color: var(--accent); font-size: .875rem; }
    .next { display: flex; flex-wrap: wrap; gap: .5rem; } .next button { border-color: var(--accent); color: var(--accent); }
    form { display: flex; gap: .5rem; padding: .75rem; border-top: 1px solid var(--line); align-items: end; }
    textarea { flex: 1; min-width: 0; padding: .6rem .75rem; resize: none; background: var(--paper); }
    form button { background: var(--accent); color: var(--on); border-color: var(--accent); font-weight: 600; }
    ::placeholder { color: var(--soft); opacity: 1; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; } .status { min-height: 1.5rem; margin: 0 1rem; color: var(--soft); }
    .notice { margin: 0; padding: 0 1rem .6rem; color: var(--soft); font-size: .8125rem; }
    .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
  `;

  /* An element with attributes and children; functions among the attributes listen to the event of their name. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") element.addEventListener(name, value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  /* Text with **bold**, *italics*, [links](https://…) and [n] as nodes; `cite(n)` makes the node of a citation. */
  function inline(text, cite) {
    const pattern = /\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[(\d{1,3})\](?!\()|\[([^\]]{1,300})\]\((https?:\/\/[^\s)]{1,2000})\)/g;
    const nodes = [];
    let end = 0;
    for (const found of text.matchAll(pattern)) {
      nodes.push(text.slice(end, found.index));
      end = found.index + found[0].length;
      if (found[1]) nodes.push(make("strong", {}, found[1]));
      else if (found[2]) nodes.push(make("em", {}, found[2]));
      else if (found[3]) nodes.push(cite(Number(found[3])));
      else nodes.push(make("a", { href: found[5], rel: "noopener noreferrer", target: "_blank" }, found[4]));
    }
    nodes.push(text.slice(end));
    return nodes;
  }

  const cells = (line) => line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim());

  function table(lines, cite) {
    const rows = lines.filter((line) => !/^[|:\s-]+$/.test(line)).map(cells);
    const row = (tag, texts) => make("tr", {}, ...texts.map((text) => make(tag, {}, ...inline(text, cite))));
    return make("table", {}, make("thead", {}, row("th", rows[0] ?? [])), make("tbody", {}, ...rows.slice(1).map((texts) => row("td", texts))));
  }

  /* Paragraphs, lists and tables of an answer: runs of lines of one kind. */
  function blocks(markdown, cite) {
    const kinds = [["ul", /^\s*[-*•]\s+/], ["ol", /^\s*\d{1,3}[.)]\s+/], ["table", /^\|/]];
    const runs = [];
    for (const line of markdown.split("\n")) {
      const kind = line.trim() ? (kinds.find(([, mark]) => mark.test(line)) ?? ["p"])[0] : "";
      if (runs.at(-1)?.kind === kind) runs.at(-1).lines.push(line);
      else runs.push({ kind, lines: [line] });
    }
    return runs.filter((run) => run.kind).map(({ kind, lines }) => {
      if (kind === "table") return table(lines, cite);
      if (kind === "p") return make("p", {}, ...inline(lines.join(" "), cite));
      const mark = kinds.find(([name]) => name === kind)[1];
      return make(kind, {}, ...lines.map((line) => make("li", {}, ...inline(line.replace(mark, ""), cite))));
    });
  }

  /* sessionStorage may be forbidden; the chat then lasts as long as the page. */
  const memory = {
    get(name) { try { return sessionStorage.getItem(`shyraq-${name}`); } catch { return null; } },
    set(name, value) { try { sessionStorage.setItem(`shyraq-${name}`, value); } catch { /* see above */ } },
    drop(name) { try { sessionStorage.removeItem(`shyraq-${name}`); } catch { /* see above */ } },
  };

  class ShyraqChat extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const browser = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES);
      this.server = this.getAttribute("server") ?? SERVER;
      this.language = memory.get("language") ?? this.getAttribute("language") ?? browser ?? "kk";
      if (!(this.language in LANGUAGES)) this.language = "kk";
      this.conversation = memory.get("conversation");
      const style = new CSSStyleSheet();
      style.replaceSync(STYLE);
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [style];
      this.draw();
      this.restore();
    }

    say(key) { return WORDS[key][this.language]; }

    /* Everything but the messages, which keep their own language. */
    draw() {
      const draft = this.input?.value ?? "";
      this.log ??= make("div", { class: "log", role: "log", tabindex: "0" });
      this.log.setAttribute("aria-label", this.say("title"));
      this.status = make("p", { class: "status", role: "status" });
      this.input = make("textarea", { id: "question", rows: "1", maxlength: "2000", placeholder: this.say("hint"), keydown: (event) => this.typed(event) });
      this.input.value = draft;
      const options = Object.entries(LANGUAGES).map(([code, name]) => make("option", { value: code, lang: code }, name));
      const menu = make("select", { "aria-label": this.say("language"), change: () => this.speak(menu.value) }, ...options);
      menu.value = this.language;
      this.shadowRoot.replaceChildren(make("section", { lang: this.language, "aria-label": this.say("title") },
        make("header", {}, menu, make("button", { type: "button", click: () => this.clear() }, this.say("clear"))),
        this.log, this.status,
        make("form", { submit: (event) => { event.preventDefault(); this.send(this.input.value); } },
          make("label", { class: "hidden", for: "question" }, this.say("label")), this.input, make("button", {}, this.say("send"))),
        make("p", { class: "notice" }, this.say("notice"))));
      if (!this.log.querySelector(".mine")) this.greet();
    }

    greet() {
      this.log.replaceChildren(make("article", { lang: this.language }, make("p", {}, this.say("hello")), this.choices(this.say("starters"))));
    }

    speak(language) {
      this.language = language;
      memory.set("language", language);
      this.draw();
      this.shadowRoot.querySelector("select").focus();
    }

    typed(event) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send(this.input.value);
    }

    async send(text) {
      const message = text.trim();
      if (!message || this.busy) return;
      this.busy = true;
      const mine = this.ask(message);
      this.input.value = "";
      this.status.textContent = this.say("waiting");
      const failure = await this.deliver(message);
      this.status.textContent = failure;
      if (failure) { mine.remove(); this.input.value ||= message; }
      this.busy = false;
    }

    /* Shows the answer; gives what to tell the patron where there is none. A conversation that is gone is begun anew. */
    async deliver(message) {
      try {
        let response = await this.post(message);
        if (response.status === 404 && this.conversation) {
          this.forgetId();
          response = await this.post(message);
        }
        const reply = await response.json();
        if (!response.ok) return reply.error.message;
        this.conversation = reply.conversation_id;
        memory.set("conversation", reply.conversation_id);
        this.answer(reply);
        return "";
      } catch { return this.say("offline"); }
    }

    post(message) {
      const body = JSON.stringify({ message, conversation_id: this.conversation, language: this.language });
      const headers = { "Content-Type": "application/json", Accept: "application/json" };
      return fetch(`${this.server}/api/chat`, { method: "POST", headers, body, credentials: "omit" });
    }

    async restore() {
      if (!this.conversation) return;
      try {
        const response = await fetch(`${this.server}/api/conversations/${this.conversation}`, { credentials: "omit" });
        if (response.status === 404) this.forgetId();
        if (!response.ok) return;
        for (const message of (await response.json()).messages) { this.ask(message.message); this.answer(message); }
      } catch { /* offline: the chat begins empty and goes on once the server is back */ }
    }

    async clear() {
      const gone = this.conversation;
      this.forgetId();
      this.greet();
      this.input.focus();
      if (gone) await fetch(`${this.server}/api/conversations/${gone}`, { method: "DELETE", credentials: "omit" }).catch(() => {});
    }

    forgetId() { this.conversation = null; memory.drop("conversation"); }

    ask(text) {
      if (!this.log.querySelector(".mine")) this.log.replaceChildren();
      this.log.querySelectorAll(".next").forEach((choices) => choices.remove());
      return this.show(make("article", { class: "mine" }, make("span", { class: "hidden" }, this.say("you")), make("p", {}, text)));
    }

    answer(reply) {
      const sources = this.sources(reply.citations);
      const article = make("article", { lang: reply.language, "data-ai-generated": "true" }, make("span", { class: "hidden" }, this.say("shyraq")));
      article.append(...blocks(reply.answer, (n) => this.cite(n, sources)), ...(sources ? [sources] : []), this.choices(reply.suggestions));
      this.show(article);
    }

    show(article) {
      this.log.append(article);
      article.scrollIntoView({ block: "nearest" });
      return article;
    }

    sources(citations) {
      if (!citations.length) return null;
      const items = citations.map(({ n, title, source, url, quote }) => make("li", { value: n, tabindex: "-1" },
        /^https?:\/\//.test(url ?? "") ? make("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, title) : title,
        make("small", {}, source), make("small", {}, `“${quote}”`)));
      return make("details", {}, make("summary", {}, `${this.say("sources")}: ${citations.length}`), make("ol", {}, ...items));
    }

    cite(n, sources) {
      const item = sources?.querySelector(`li[value="${n}"]`);
      if (!item) return `[${n}]`;
      return make("button", { class: "cite", type: "button", click: () => { sources.open = true; item.focus(); } }, `[${n}]`);
    }

    choices(questions) {
      return make("div", { class: "next" }, ...questions.map((text) => make("button", { type: "button", click: () => this.send(text) }, text)));
    }
  }

  customElements.define("shyraq-chat", ShyraqChat);
})();
