// A reporter that says one line: how many checks passed, how many did not. Used by tests/browser/run.

/** A check that did not run counts as failed. */
export default async function* count(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (data.details?.type === 'suite') continue;
    if (type === 'test:pass' && data.skip === undefined && data.todo === undefined) passed += 1;
    else if (type === 'test:pass' || type === 'test:fail') failed += 1;
  }
  yield `${passed} passed, ${failed} failed\n`;
}
