// Starts `bm lsp` and hands it the open .bm files.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function activate() {
  const [command, ...args] = workspace.getConfiguration("bmdsl").get("command");
  client = new LanguageClient(
    "bmdsl",
    "bmdsl",
    { command, args },
    { documentSelector: [{ language: "bm" }] }
  );
  return client.start();
}

function deactivate() {
  return client === undefined ? undefined : client.stop();
}

module.exports = { activate, deactivate };
