// Prints how many tests passed and failed: `node .ci/count.mjs RESULTS EXIT_CODE`, where RESULTS is vitest's JSON report.
import { readFileSync } from "node:fs";

const [path, exitCode] = process.argv.slice(2);
const { passed, failed } = count(readFileSync(path, "utf8"));
// whatever else ended badly, such as set-up or an error outside of any test, counts as one failure
process.stdout.write(`${passed} ${failed === 0 && exitCode !== "0" ? 1 : failed}\n`);

function count(report) {
  if (!report) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(report);
  const unread = testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return { passed: numPassedTests, failed: numFailedTests + unread.length };
}
