// What Slack takes as an app manifest, by the types of its own library. Compiled, never run.

import type { AppsManifestValidateArguments } from '@slack/web-api';

/** The library lets any further key pass at the top; only those that it names are meant. */
type Named<T> = { [Key in keyof T as string extends Key ? never : Key]: T[Key] };

export type Manifest = Named<AppsManifestValidateArguments['manifest']>;

// What must be refused: were it taken, the check would check nothing.

const display_information = { name: 'jit' };

// @ts-expect-error an unknown key at the top
export const top = { display_information, setings: {} } satisfies Manifest;
export const deep = {
  display_information,
  // @ts-expect-error an unknown key further down
  features: { slash_commands: [{ command: '/jit', description: 'jit', usage: 'help' }] },
} satisfies Manifest;
// @ts-expect-error a scope that Slack does not have
export const scope = { display_information, oauth_config: { scopes: { bot: ['chat:wrote'] } } } satisfies Manifest;
// @ts-expect-error an event that Slack does not have
export const event = { display_information, settings: { event_subscriptions: { bot_events: ['message.dm'] } } } satisfies Manifest;
// @ts-expect-error null is no value
export const nothing = { display_information, settings: { interactivity: { is_enabled: true, request_url: null } } } satisfies Manifest;
// @ts-expect-error what is needed is missing
export const missing = { display_information: {} } satisfies Manifest;
