// A reporter that names what failed and says nothing of the hundreds that did not. Used by tests/teams_cards/run.

/** One line for each failed check, and why. */
export default async function* failures(events) {
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.details?.type !== 'suite') yield `${data.name}: ${data.details.error?.cause?.message ?? data.details.error}\n`;
    if (type === 'test:stderr' || type === 'test:stdout') yield data.message;
  }
}
