/* The page around the chat: examples ask, the chat's language menu turns the page, /embed takes a theme from its address. */
const chat = document.querySelector("shyraq-chat");

for (const example of document.querySelectorAll(".examples button")) {
  example.addEventListener("click", () => {
    chat.scrollIntoView({ block: "nearest" });
    chat.ask(example.querySelector("span").textContent);
  });
}

if (document.documentElement.classList.contains("embed")) {
  const asked = new URLSearchParams(location.search);
  for (const name of ["theme", "accent", "heading"]) if (asked.has(name)) chat.setAttribute(name, asked.get(name));
} else {
  chat.addEventListener("shyraq-language", (event) => location.assign(`/?language=${event.detail}`));
}
