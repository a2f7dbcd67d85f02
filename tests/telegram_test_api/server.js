/* telegram-test-api with what python-telegram-bot 22 needs and it lacks: full users and messages, dates in seconds, the
 * secret of a webhook, and the methods that only change how a chat looks. Everything else is its own.
 */
"use strict";
const axios = require("axios");
const express = require("express");
const TelegramServer = require("telegram-test-api");

const server = new TelegramServer({ port: Number(process.argv[2]), host: "127.0.0.1", storeTimeout: 600 });
const format = TelegramServer.formatUpdate;
TelegramServer.formatUpdate = (update) => {
  const formatted = format(update);
  if (formatted.callback_query) formatted.callback_query.chat_instance = "1";
  return formatted;
};

// Its own counts up only after the webhook has answered: two updates at a time would have one number.
server.addUserUpdate = async (update) => {
  const hook = server.webhooks[update.botToken];
  server.updateId++;
  if (!hook) { server.storage.userMessages.push(update); return; }
  const headers = { "X-Telegram-Bot-Api-Secret-Token": hook.secret_token ?? "" };
  await axios({ url: hook.url, method: "POST", data: TelegramServer.formatUpdate(update), headers });
};

const result = (response, value) => response.json({ ok: true, result: value });
const message = (sent) => ({ message_id: Number(sent.message_id), date: Math.floor(Date.now() / 1000), chat: { id: Number(sent.chat_id), type: "private" }, text: sent.text });
const parsed = (body) => ({ ...body, ...(body.reply_markup ? { reply_markup: JSON.parse(body.reply_markup) } : {}) });

function edit(request, response) {
  const body = parsed(request.body);
  const found = server.storage.botMessages.find((sent) => sent.messageId === Number(body.message_id) && String(sent.message.chat_id) === String(body.chat_id));
  const { reply_markup: _, ...kept } = found.message;
  found.message = { ...kept, ...body };
  result(response, message(found.message));
}

const app = express();
app.use(express.json(), express.urlencoded({ extended: true }));
app.all("/bot:token/getMe", (_, response) => result(response, { id: 666, is_bot: true, first_name: "Shyraq", username: "TestNameBot" }));
app.all("/bot:token/sendMessage", (request, response) => result(response, message(server.addBotMessage(request.body, request.params.token))));
app.all(["/bot:token/editMessageText", "/bot:token/editMessageReplyMarkup"], edit);
app.all("/bot:token/setWebhook", (request, response) => { server.setWebhook(request.body, request.params.token); result(response, true); });
app.all("/bot:token/deleteWebhook", (request, response) => { server.deleteWebhook(request.params.token); result(response, true); });
for (const method of ["sendChatAction", "setMyCommands", "setMyDescription", "answerCallbackQuery"])
  app.all(`/bot:token/${method}`, (_, response) => result(response, true));
app.all("/bot:token/sendMessageDraft", (_, response) => response.status(404).json({ ok: false, error_code: 404, description: "Not Found" }));
app.use(server.webServer);
server.webServer = app;
server.start().then(() => console.log("up"));
