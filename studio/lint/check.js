/**
 * Types and rules in one process: `node lint/check.js` prints what tsc and ESLint find, as JSON. Both need the types of
 * all sources, which take longer to compute than everything else, so both read them from one program.
 */
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";
import ts from "typescript";

const STUDIO = fileURLToPath(new URL("..", import.meta.url));

const host = {
  getCurrentDirectory: () => STUDIO,
  getCanonicalFileName: (name) => name,
  getNewLine: () => "\n",
};

/** The program of tsconfig.json and what is wrong with it, one text a fault. */
function checkTypes() {
  const file = path.join(STUDIO, "tsconfig.json");
  const config = ts.getParsedCommandLineOfConfigFile(
    file,
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail },
  );
  const program = ts.createProgram(config.fileNames, config.options);
  const found = [...config.errors, ...ts.getPreEmitDiagnostics(program)];
  return { program, typed: config.fileNames.length, types: found.map((one) => ts.formatDiagnostic(one, host).trim()) };
}

function fail(diagnostic) {
  throw new Error(ts.formatDiagnostic(diagnostic, host));
}

/** What breaks a rule, one text a fault; a warning counts, as with `--max-warnings=0`. */
async function checkRules(program) {
  const typed = { projectService: false, programs: [program] };
  const eslint = new ESLint({
    cwd: STUDIO,
    overrideConfig: { files: ["src/**/*.{ts,tsx}", "vite.config.ts"], languageOptions: { parserOptions: typed } },
  });
  const results = await eslint.lintFiles(["."]);
  return {
    linted: results.length,
    rules: results.flatMap(({ filePath, messages }) =>
      messages.map(({ line, message, ruleId }) => `${path.relative(STUDIO, filePath)}:${line} ${message} (${ruleId})`),
    ),
  };
}

const { program, ...found } = checkTypes();
process.stdout.write(JSON.stringify({ ...found, ...(await checkRules(program)) }));
