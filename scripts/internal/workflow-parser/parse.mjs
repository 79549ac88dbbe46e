// Parses workflows and action.yml files with GitHub's own parser, and prints what it says against them.
// Usage: node parse.mjs REPOSITORY FILE…     FILE is relative to REPOSITORY. Exit code 1: there was something to say.
import {readFileSync} from "node:fs";
import {register} from "node:module";
import {basename, join} from "node:path";

// The package is written for a bundler: it imports JSON without saying that it is JSON, which Node refuses.
const json = `
import {readFileSync} from "node:fs";
export async function load(url, context, next) {
  if (!url.endsWith(".json")) return next(url, context);
  return {format: "module", shortCircuit: true, source: "export default " + readFileSync(new URL(url), "utf8")};
}`;
register("data:text/javascript," + encodeURIComponent(json));
const {parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter} = await import("@actions/workflow-parser");
const {parseAction, convertActionTemplate} = await import("@actions/workflow-parser/actions/index");

const [repository, ...names] = process.argv.slice(2);
const read = name => ({name, content: readFileSync(join(repository, name), "utf8")});
// Called workflows are read too, so that what a job hands over is compared with what they declare.
const files = {getFileContent: async reference => {
  if ("repository" in reference) throw new Error(`${reference.path} of another repository is not read`);
  return read(reference.path);
}};

// What a called workflow does wrong is said again by each that calls it.
const problems = new Set();
for (const name of names) {
  const action = basename(name) === "action.yml";
  const {context, value} = (action ? parseAction : parseWorkflow)(read(name), new NoOperationTraceWriter());
  if (value && action) convertActionTemplate(context, value);
  if (value && !action) await convertWorkflowTemplate(context, value, files, {fetchReusableWorkflowDepth: 1});
  for (const error of context.errors.getErrors()) problems.add(error.message);
}
for (const problem of problems) console.log(problem);
process.exitCode = problems.size === 0 ? 0 : 1;
