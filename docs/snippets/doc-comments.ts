// What is at hand where a doc comment shows a method of it.
import type { Channel, Client, Presence } from '@sluice/client';
import type { Outbox, Outgoing } from '@sluice/client/outbox';
import type { Gateway } from '@sluice/server';
import type { Note } from './application.ts';

export declare const client: Client;
export declare const channel: Channel<Note>;
export declare const presence: Presence<{ readonly typing: boolean }>;
export declare const outbox: Outbox;
export declare const outgoing: Outgoing;
export declare const gateway: Gateway;
export declare function findPrice(data: unknown, signal: AbortSignal): Promise<number>;
export declare function sendMail(to: string): Promise<void>;
