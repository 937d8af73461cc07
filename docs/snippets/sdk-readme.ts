// What the first snippet of client-sdk/README.md makes, for those that follow it.
import type { Channel, Client } from '@sluice/client';
import type { Note } from './application.ts';

export declare const client: Client;
export declare const lobby: Channel<Note, { readonly typing: boolean }>;
