// Generated from the routes of the gateway by "node scripts/docs.mjs".

export interface paths {
    readonly "/api/v1/bridges": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The bridges, with their state and their numbers
         * @description Needs: manage on **.
         */
        readonly get: operations["listBridges"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The channels with subscriptions, members or messages, over all nodes
         * @description Needs: manage on the pattern.
         */
        readonly get: operations["listChannels"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Subscribers, members and log of a channel
         * @description Needs: manage.
         */
        readonly get: operations["readChannel"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The numbers of a consumer group
         * @description Needs: consume.
         */
        readonly get: operations["readGroup"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/ack": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Acknowledge deliveries
         * @description Needs: consume.
         */
        readonly post: operations["acknowledge"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/dead": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Dead letters of a group
         * @description Needs: consume.
         */
        readonly get: operations["listDeadLetters"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/discard": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Remove dead letters for good
         * @description Needs: manage.
         */
        readonly post: operations["discard"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/extend": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Give deliveries more time
         * @description Needs: consume.
         */
        readonly post: operations["extend"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/lease": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Claim messages of a group, and wait for them
         * @description Needs: consume.
         */
        readonly post: operations["lease"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/nack": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Give deliveries back, or make them dead letters
         * @description Needs: consume.
         */
        readonly post: operations["giveBack"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/redrive": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Deliver dead letters again
         * @description Needs: manage.
         */
        readonly post: operations["redrive"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/groups/{group}/seek": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Move a group to an offset or a time
         * @description Needs: manage.
         */
        readonly post: operations["seek"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/members": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A page of the members of a channel
         * @description Needs: presence.
         */
        readonly get: operations["readMembers"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/members/{user}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        /**
         * Enter a member that has no connection
         * @description Needs: manage.
         */
        readonly put: operations["enterMember"];
        readonly post?: never;
        /**
         * Remove a member that a backend has entered
         * @description Needs: manage.
         */
        readonly delete: operations["removeMember"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/messages": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A page of a channel's log
         * @description Needs: history.
         */
        readonly get: operations["readMessages"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Remove messages up to an offset
         * @description Needs: manage.
         */
        readonly delete: operations["purgeMessages"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/position": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Where the log of a channel ends
         * @description Needs: history.
         */
        readonly get: operations["readPosition"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/channels/{channel}/schedules": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A page of the messages that wait for their time
         * @description Needs: manage.
         */
        readonly get: operations["listScheduled"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/config": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The configuration in force, without secrets
         * @description Needs: manage on **.
         */
        readonly get: operations["readConfig"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/connections": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The connections of all nodes
         * @description Needs: manage on **.
         */
        readonly get: operations["listConnections"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/connections/{connection}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /**
         * Close a connection
         * @description Needs: manage on **.
         */
        readonly delete: operations["closeConnection"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/decisions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The latest decisions about connections
         * @description Needs: manage on **.
         */
        readonly get: operations["listDecisions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/drain": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Drain and stop a node
         * @description Needs: an API key without caps.
         */
        readonly post: operations["drain"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/explain": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * May somebody do something on a channel, and why?
         * @description Needs: manage.
         */
        readonly post: operations["explain"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/groups": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The consumer groups in use, with their numbers
         * @description Needs: manage on **.
         */
        readonly get: operations["listGroups"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/hooks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The hooks, with their state and their numbers
         * @description Needs: manage on **.
         */
        readonly get: operations["listHooks"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/hooks/{hook}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * One hook, with its state and its numbers
         * @description Needs: manage on **.
         */
        readonly get: operations["getHook"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/members/counts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * The numbers of members of up to 1,000 channels
         * @description Needs: presence.
         */
        readonly post: operations["countMembers"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/nodes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The nodes of the cluster
         * @description Needs: manage on **.
         */
        readonly get: operations["listNodes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** This API, as OpenAPI 3.1 */
        readonly get: operations["getOpenapijson"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/publish": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Publish one message, or a batch
         * @description Needs: publish.
         */
        readonly post: operations["publish"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/reload": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Let all nodes reload their configuration
         * @description Needs: an API key without caps.
         */
        readonly post: operations["reload"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/request": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send a request to a responder, and wait for its replies
         * @description Needs: request.
         */
        readonly post: operations["request"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/revocations": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The revocations in force
         * @description Needs: an API key without caps.
         */
        readonly get: operations["listRevocations"];
        readonly put?: never;
        /**
         * Revoke tokens by user, id or time
         * @description Needs: an API key without caps.
         */
        readonly post: operations["revoke"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/schedule": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Publish a message later
         * @description Needs: publish.
         */
        readonly post: operations["schedule"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/schedules": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A page of the recurring schedules
         * @description Needs: manage on **.
         */
        readonly get: operations["listSchedules"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/schedules/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        /**
         * Create or replace a recurring schedule
         * @description Needs: manage on the channel.
         */
        readonly put: operations["putSchedule"];
        readonly post?: never;
        /**
         * Delete a recurring schedule
         * @description Needs: manage on the channel of the schedule.
         */
        readonly delete: operations["deleteSchedule"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/tap": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * What all nodes do for a user or on a channel, live
         * @description Needs: manage on the channel; for a user on **.
         */
        readonly get: operations["tap"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/tickets": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * A one-time ticket for /sse
         * @description Needs: a token, or an API key without caps.
         */
        readonly post: operations["issueTicket"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/unschedule": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Withdraw a scheduled message
         * @description Needs: publish.
         */
        readonly post: operations["unschedule"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/users/{user}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A user's connections and channels
         * @description Needs: manage on **.
         */
        readonly get: operations["readUser"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/users/{user}/disconnect": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Close a user's connections
         * @description Needs: manage on the pattern.
         */
        readonly post: operations["disconnectUser"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/users/{user}/recheck": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Decide anew about what a user's connections hold
         * @description Needs: manage on the pattern.
         */
        readonly post: operations["recheckUser"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/users/{user}/subscribe": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Subscribe a user's connections to a channel
         * @description Needs: manage.
         */
        readonly post: operations["subscribeUser"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/users/{user}/unsubscribe": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * End what a user's connections hold
         * @description Needs: manage on the pattern.
         */
        readonly post: operations["unsubscribeUser"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/webhooks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The state of all webhooks
         * @description Needs: manage on **.
         */
        readonly get: operations["listWebhooks"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/webhooks/{webhook}/pause": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send nothing until it is resumed
         * @description Needs: manage on **.
         */
        readonly post: operations["pauseWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/webhooks/{webhook}/replay": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send again what was stored since a time; 0: all of it
         * @description Needs: manage on **.
         */
        readonly post: operations["replayWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/webhooks/{webhook}/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send again
         * @description Needs: manage on **.
         */
        readonly post: operations["resumeWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/webhooks/{webhook}/test": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Send an event "webhook.test"
         * @description Needs: manage on **.
         */
        readonly post: operations["testWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/webhooks/keys": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** The public keys of signatures, as a JSON Web Key Set */
        readonly get: operations["listWebhookKeys"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/why": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * What became of a message for a user, and why
         * @description Needs: manage.
         */
        readonly get: operations["explainDelivery"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        readonly Affected: {
            readonly connections: number;
            readonly ended?: number;
            /** @description Nodes that did not answer */
            readonly missing?: readonly string[];
            readonly refused?: number;
        };
        readonly Channel: {
            readonly bytes: number;
            readonly channel: string;
            readonly epoch: string;
            readonly first: number;
            readonly head: number;
            readonly members: number;
            readonly subscribers: number;
        };
        readonly ChannelReport: {
            readonly bytes: number;
            readonly channel: string;
            readonly epoch: string;
            readonly first: number;
            readonly head: number;
            readonly members: number;
            /** @description Nodes that did not answer */
            readonly missing?: readonly string[];
            readonly rule: string;
            readonly subscribers: number;
        };
        readonly Connection: {
            readonly address: string;
            readonly buffered: number;
            readonly id: string;
            readonly node: string;
            readonly protocol: string;
            readonly since: number;
            readonly slow: boolean;
            readonly subscriptions: number;
            readonly user: string | null;
        };
        readonly DeadLetter: {
            readonly deliveries: number;
            readonly epoch: string;
            readonly error?: string;
            readonly message: components["schemas"]["Message"];
            readonly ordinal: number;
            readonly reason: string;
            readonly refused?: {
                readonly detail: string;
                readonly error: string;
            };
            readonly time: number;
        };
        readonly Delivery: {
            readonly attempt: number;
            readonly deadline: number;
            readonly id: string;
            readonly message: components["schemas"]["Message"];
        };
        readonly Error: {
            readonly error: {
                readonly code: number;
                /** @description The address of the documentation */
                readonly docs: string;
                readonly head?: components["schemas"]["Position"];
                readonly issues?: readonly unknown[];
                readonly message: string;
                /** @enum {string} */
                readonly name: "draining" | "unavailable" | "connect_timeout" | "slow_reader" | "internal" | "keys_unavailable" | "flood" | "too_many_connections" | "connecting_too_fast" | "reconnect_requested" | "token_expired" | "token_not_active" | "token_revoked" | "token_required" | "token_malformed" | "token_algorithm" | "token_key_unknown" | "token_signature" | "token_claims" | "user_changed" | "connect_required" | "frame_too_large" | "protocol_violation" | "origin_refused" | "subprotocol_unknown" | "disconnected" | "connect_denied" | "frame_malformed" | "command_unknown" | "command_invalid" | "already_connected" | "channel_invalid" | "channel_unknown" | "permission_denied" | "already_subscribed" | "not_subscribed" | "payload_too_large" | "payload_invalid" | "rate_limited" | "too_many_subscriptions" | "not_found" | "method_not_allowed" | "not_member" | "unauthorized" | "storage_full" | "host_refused" | "unsupported_media_type" | "queue_full" | "delivery_expired" | "group_unknown" | "already_consuming" | "not_consuming" | "conflict" | "too_many_scheduled" | "not_scheduled" | "too_many_members" | "no_responders" | "responders_busy" | "request_timeout" | "responder_failed" | "responder_lost" | "request_cancelled" | "request_ended" | "too_many_requests" | "filter_invalid" | "filter_too_large" | "too_many_filters" | "binding_missing";
                readonly remedy: string;
                readonly responder?: unknown;
                readonly retryable: boolean;
                readonly retryAfter?: number;
            };
        };
        readonly Explanation: {
            readonly allowed: boolean;
            readonly bound?: string | null;
            readonly channel: string;
            readonly hooks?: readonly {
                readonly name: string;
                readonly operation: string;
            }[];
            readonly message: string;
            readonly only?: {
                readonly claimed: readonly {
                    readonly name: string;
                    readonly values: readonly string[];
                }[];
                readonly fixed: boolean;
            };
            readonly reason: {
                readonly kind: string;
            };
            readonly remedy: string;
            readonly rule: string | null;
            readonly spans?: readonly string[];
            readonly verb: string;
        };
        readonly GroupGap: {
            readonly from: components["schemas"]["Position"];
            readonly reason: string;
            readonly to: components["schemas"]["Position"];
        };
        readonly Member: {
            readonly connections: number;
            readonly info?: unknown;
            readonly since: number;
            readonly state?: unknown;
            readonly user: string;
        };
        readonly Message: {
            readonly data: unknown;
            readonly event?: string;
            readonly expiresAt?: number;
            readonly from?: string;
            readonly id: string;
            readonly offset: number;
            readonly origin?: {
                readonly channel: string;
                readonly offset: number;
            };
            readonly size?: number;
            readonly tags?: {
                readonly [key: string]: string;
            };
            readonly time: number;
            readonly trace?: string;
        };
        readonly Node: {
            readonly busy: number;
            readonly channels: number;
            readonly connections: number;
            readonly engine: string;
            readonly memory: number;
            readonly node: string;
            readonly pid: number;
            /** @enum {string} */
            readonly state: "running" | "draining";
            readonly totals: {
                readonly delivered: number;
                readonly errors: number;
                readonly gaps: number;
                readonly published: number;
            };
            readonly trouble?: string;
            readonly uptime: number;
            readonly users: number;
            readonly version: string;
        };
        readonly Position: {
            readonly epoch: string;
            readonly offset: number;
        };
        readonly Problem: {
            readonly code: number;
            readonly detail: string;
            readonly name: string;
            readonly remedy?: string;
            readonly retryable?: boolean;
            readonly retryAfter?: number;
            readonly status: number;
            readonly title: string;
            readonly type: string;
        };
        readonly PublishEntry: components["schemas"]["PublishResult"] | {
            readonly error: unknown;
        };
        readonly PublishResult: {
            readonly epoch: string;
            readonly id: string;
            readonly offset: number;
        };
        readonly Revocation: {
            readonly before?: number;
            readonly jti?: string;
            readonly until: number;
            readonly user?: string;
        };
        readonly Settled: {
            readonly deadline?: number;
            readonly expired?: readonly string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listBridges: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly bridges: readonly {
                            readonly channel: string;
                            readonly counts: {
                                readonly [key: string]: number;
                            };
                            /** @enum {string} */
                            readonly direction: "in" | "out";
                            readonly error: string | null;
                            readonly errorTime: number | null;
                            readonly lag: number | null;
                            readonly name: string;
                            readonly node: string | null;
                            /** @enum {string} */
                            readonly state: "standby" | "connecting" | "running" | "holding" | "waiting" | "failed" | "stopped";
                            readonly system: string;
                        }[];
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listChannels: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
                readonly pattern?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly channels: readonly components["schemas"]["Channel"][];
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        /** @description The cursor of the next page; absent on the last one */
                        readonly next?: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly readChannel: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ChannelReport"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly readGroup: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly dead: number;
                        readonly delayed: number;
                        readonly epoch: string;
                        readonly floor: number;
                        readonly group: string;
                        readonly head: number;
                        readonly inFlight: number;
                        readonly oldestAge: number | null;
                        readonly ready: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly acknowledge: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly deliveries: readonly string[];
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Settled"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listDeadLetters: {
        readonly parameters: {
            readonly query?: {
                readonly after?: number;
                readonly limit?: number;
                readonly payloads?: "true" | "false";
            };
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly letters: readonly components["schemas"]["DeadLetter"][];
                        readonly next?: number;
                        readonly total: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly discard: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly ordinals: readonly number[];
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly discarded: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly extend: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly deliveries: readonly string[];
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Settled"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly lease: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    readonly max?: number;
                    readonly wait?: number;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly deliveries: readonly components["schemas"]["Delivery"][];
                        readonly epoch?: string;
                        readonly gaps?: readonly components["schemas"]["GroupGap"][];
                        readonly group: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly giveBack: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly dead?: boolean;
                    readonly delay?: number;
                    readonly deliveries: readonly string[];
                    readonly reason?: string;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Settled"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly redrive: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    readonly ordinals?: readonly number[];
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly redriven: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly seek: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly group: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly offset: number;
                } | {
                    readonly time: number;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly epoch: string;
                        readonly offset: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly readMembers: {
        readonly parameters: {
            readonly query?: {
                readonly after?: number;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path: {
                readonly channel: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly members: readonly components["schemas"]["Member"][];
                        readonly next?: number;
                        readonly total: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly enterMember: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly user: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    readonly info?: unknown;
                    readonly state?: unknown;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": Record<string, never>;
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly removeMember: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
                readonly user: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly readMessages: {
        readonly parameters: {
            readonly query?: {
                readonly after?: number;
                readonly before?: number;
                readonly filter?: string;
                readonly limit?: number;
                readonly payloads?: "true" | "false";
            };
            readonly header?: never;
            readonly path: {
                readonly channel: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly covers?: {
                            readonly from: number;
                            readonly to: number;
                        };
                        readonly epoch: string;
                        readonly first: number;
                        readonly head: number;
                        readonly messages: readonly components["schemas"]["Message"][];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly purgeMessages: {
        readonly parameters: {
            readonly query: {
                readonly upTo: number;
            };
            readonly header?: never;
            readonly path: {
                readonly channel: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly epoch: string;
                        readonly first: number;
                        readonly head: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly readPosition: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly channel: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly epoch: string;
                        readonly first: number;
                        readonly head: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listScheduled: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string;
                readonly limit?: number;
                readonly payloads?: "true" | "false";
            };
            readonly header?: never;
            readonly path: {
                readonly channel: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly messages: readonly {
                            readonly at: number;
                            readonly channel: string;
                            readonly data?: unknown;
                            readonly event?: string;
                            readonly from?: string;
                            readonly id: string;
                            readonly size?: number;
                            readonly tags?: {
                                readonly [key: string]: string;
                            };
                            readonly ttl?: number;
                        }[];
                        readonly next?: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly readConfig: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly channels: unknown;
                        readonly engine: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listConnections: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
                readonly node?: string;
                readonly slow?: "true" | "false";
                readonly user?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly connections: readonly components["schemas"]["Connection"][];
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        /** @description The cursor of the next page; absent on the last one */
                        readonly next?: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly closeConnection: {
        readonly parameters: {
            readonly query?: {
                readonly reason?: string;
                readonly reconnect?: "true" | "false";
            };
            readonly header?: never;
            readonly path: {
                readonly connection: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Affected"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listDecisions: {
        readonly parameters: {
            readonly query?: {
                readonly after?: number;
                readonly channel?: string;
                readonly connection?: string;
                readonly kind?: "authenticated" | "subscribed" | "unsubscribed" | "gap" | "replaying" | "refused" | "closed";
                readonly limit?: number;
                readonly until?: number;
                readonly user?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly decisions: readonly {
                            readonly cause?: string;
                            readonly channel?: string;
                            readonly code?: number;
                            readonly command?: string;
                            readonly conditions?: unknown;
                            readonly connection: string;
                            readonly detail?: string;
                            readonly end?: components["schemas"]["Position"];
                            readonly error?: string;
                            readonly from?: components["schemas"]["Position"];
                            /** @enum {string} */
                            readonly kind: "authenticated" | "subscribed" | "unsubscribed" | "gap" | "replaying" | "refused" | "closed";
                            readonly log?: string;
                            readonly node: string;
                            readonly reason?: string;
                            readonly start?: components["schemas"]["Position"];
                            readonly sub?: number;
                            readonly time: number;
                            readonly to?: components["schemas"]["Position"];
                            readonly user: string | null;
                        }[];
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly more: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly drain: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly node: string;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly node: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly explain: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @description A channel, or a pattern like chat:* */
                    readonly channel: string;
                    readonly identity?: {
                        readonly caps?: Record<string, never>;
                        readonly claims?: Record<string, never>;
                        readonly user?: string;
                    };
                    readonly token?: string;
                    /** @enum {string} */
                    readonly verb: "subscribe" | "publish" | "history" | "presence" | "enter" | "consume" | "request" | "respond" | "manage";
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Explanation"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listGroups: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly groups: readonly {
                            readonly channel: string;
                            readonly dead: number;
                            readonly delayed: number;
                            readonly epoch: string;
                            readonly floor: number;
                            readonly group: string;
                            readonly head: number;
                            readonly inFlight: number;
                            readonly oldestAge: number | null;
                            readonly ready: number;
                            readonly rule: string;
                        }[];
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly more: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listHooks: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly hooks: readonly {
                            readonly cache: {
                                readonly fallbacks: number;
                                readonly hits: number;
                            };
                            readonly calls: number;
                            readonly channels: readonly string[];
                            readonly duration: {
                                readonly calls: number;
                                readonly longest: number;
                                readonly mean: number;
                            };
                            readonly failed: number;
                            readonly lastAnswered?: number;
                            readonly lastError?: {
                                readonly failure: string;
                                readonly message: string;
                                readonly node: string;
                                readonly operation: string;
                                readonly status?: number;
                                readonly time: number;
                            };
                            readonly name: string;
                            readonly nodes: readonly {
                                readonly failures: number;
                                readonly node: string;
                                /** @enum {string} */
                                readonly state: "ok" | "failing" | "paused";
                            }[];
                            readonly notSent: number;
                            readonly on: readonly ("connect" | "subscribe" | "publish" | "enter" | "request" | "recheck")[];
                            /** @enum {string} */
                            readonly onFailure: "deny" | "allow" | "cached";
                            readonly operations: {
                                readonly [key: string]: {
                                    readonly calls: number;
                                    readonly failed: number;
                                    readonly notSent: number;
                                    readonly timedOut: number;
                                };
                            };
                            /** @enum {string} */
                            readonly state: "ok" | "failing" | "paused";
                            readonly timedOut: number;
                        }[];
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getHook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly hook: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly cache: {
                            readonly fallbacks: number;
                            readonly hits: number;
                        };
                        readonly calls: number;
                        readonly channels: readonly string[];
                        readonly duration: {
                            readonly calls: number;
                            readonly longest: number;
                            readonly mean: number;
                        };
                        readonly failed: number;
                        readonly lastAnswered?: number;
                        readonly lastError?: {
                            readonly failure: string;
                            readonly message: string;
                            readonly node: string;
                            readonly operation: string;
                            readonly status?: number;
                            readonly time: number;
                        };
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly name: string;
                        readonly nodes: readonly {
                            readonly failures: number;
                            readonly node: string;
                            /** @enum {string} */
                            readonly state: "ok" | "failing" | "paused";
                        }[];
                        readonly notSent: number;
                        readonly on: readonly ("connect" | "subscribe" | "publish" | "enter" | "request" | "recheck")[];
                        /** @enum {string} */
                        readonly onFailure: "deny" | "allow" | "cached";
                        readonly operations: {
                            readonly [key: string]: {
                                readonly calls: number;
                                readonly failed: number;
                                readonly notSent: number;
                                readonly timedOut: number;
                            };
                        };
                        /** @enum {string} */
                        readonly state: "ok" | "failing" | "paused";
                        readonly timedOut: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly countMembers: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly channels: readonly string[];
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly counts: {
                            readonly [key: string]: number;
                        };
                        readonly errors?: {
                            readonly [key: string]: unknown;
                        };
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listNodes: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly nodes: readonly components["schemas"]["Node"][];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly getOpenapijson: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": unknown;
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly publish: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @example chat:lobby */
                    readonly channel: string;
                    readonly data: unknown;
                    readonly event?: string;
                    readonly if?: {
                        readonly epoch?: string;
                        readonly offset: number;
                    };
                    readonly key?: string;
                    readonly tags?: {
                        readonly [key: string]: string;
                    };
                    /** @description A traceparent (W3C Trace Context) */
                    readonly trace?: string;
                    readonly ttl?: number;
                } | {
                    readonly channels: readonly string[];
                    readonly data: unknown;
                    readonly event?: string;
                    readonly if?: {
                        readonly epoch?: string;
                        readonly offset: number;
                    };
                    readonly key?: string;
                    readonly tags?: {
                        readonly [key: string]: string;
                    };
                    /** @description A traceparent (W3C Trace Context) */
                    readonly trace?: string;
                    readonly ttl?: number;
                } | readonly {
                    /** @example chat:lobby */
                    readonly channel: string;
                    readonly data: unknown;
                    readonly event?: string;
                    readonly if?: {
                        readonly epoch?: string;
                        readonly offset: number;
                    };
                    readonly key?: string;
                    readonly tags?: {
                        readonly [key: string]: string;
                    };
                    /** @description A traceparent (W3C Trace Context) */
                    readonly trace?: string;
                    readonly ttl?: number;
                }[];
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PublishResult"] | readonly components["schemas"]["PublishEntry"][];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly reload: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly nodes: readonly {
                            readonly changes?: readonly string[];
                            readonly node: string;
                            readonly ok: boolean;
                            readonly problem?: string;
                            readonly restart?: readonly string[];
                        }[];
                    };
                };
            };
            /** @description Failed. */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly error: {
                            readonly code: number;
                            /** @description The address of the documentation */
                            readonly docs: string;
                            readonly head?: components["schemas"]["Position"];
                            readonly issues?: readonly unknown[];
                            readonly message: string;
                            /** @enum {string} */
                            readonly name: "draining" | "unavailable" | "connect_timeout" | "slow_reader" | "internal" | "keys_unavailable" | "flood" | "too_many_connections" | "connecting_too_fast" | "reconnect_requested" | "token_expired" | "token_not_active" | "token_revoked" | "token_required" | "token_malformed" | "token_algorithm" | "token_key_unknown" | "token_signature" | "token_claims" | "user_changed" | "connect_required" | "frame_too_large" | "protocol_violation" | "origin_refused" | "subprotocol_unknown" | "disconnected" | "connect_denied" | "frame_malformed" | "command_unknown" | "command_invalid" | "already_connected" | "channel_invalid" | "channel_unknown" | "permission_denied" | "already_subscribed" | "not_subscribed" | "payload_too_large" | "payload_invalid" | "rate_limited" | "too_many_subscriptions" | "not_found" | "method_not_allowed" | "not_member" | "unauthorized" | "storage_full" | "host_refused" | "unsupported_media_type" | "queue_full" | "delivery_expired" | "group_unknown" | "already_consuming" | "not_consuming" | "conflict" | "too_many_scheduled" | "not_scheduled" | "too_many_members" | "no_responders" | "responders_busy" | "request_timeout" | "responder_failed" | "responder_lost" | "request_cancelled" | "request_ended" | "too_many_requests" | "filter_invalid" | "filter_too_large" | "too_many_filters" | "binding_missing";
                            readonly remedy: string;
                            readonly responder?: unknown;
                            readonly retryable: boolean;
                            readonly retryAfter?: number;
                        };
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly nodes: readonly {
                            readonly changes?: readonly string[];
                            readonly node: string;
                            readonly ok: boolean;
                            readonly problem?: string;
                            readonly restart?: readonly string[];
                        }[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly request: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @example chat:lobby */
                    readonly channel: string;
                    readonly data: unknown;
                    readonly timeout?: number;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly data?: unknown;
                        readonly replies?: readonly unknown[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listRevocations: {
        readonly parameters: {
            readonly query?: {
                readonly cursor?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        /** @description The cursor of the next page; absent on the last one */
                        readonly next?: string;
                        readonly revocations: readonly components["schemas"]["Revocation"][];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly revoke: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly before?: number;
                    readonly jti?: string;
                    readonly until?: number;
                    readonly user?: string;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Revocation"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly schedule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                readonly "Idempotency-Key"?: string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly at?: number;
                    /** @example chat:lobby */
                    readonly channel: string;
                    readonly data: unknown;
                    readonly delay?: number;
                    readonly event?: string;
                    readonly key?: string;
                    readonly tags?: {
                        readonly [key: string]: string;
                    };
                    /** @description A traceparent (W3C Trace Context) */
                    readonly trace?: string;
                    readonly ttl?: number;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly at: number;
                        readonly id: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listSchedules: {
        readonly parameters: {
            readonly query?: {
                readonly after?: string;
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly next?: string;
                        readonly schedules: readonly {
                            readonly channel: string;
                            readonly cron: string;
                            readonly data?: unknown;
                            readonly event?: string;
                            readonly name: string;
                            readonly next?: number;
                            readonly tags?: {
                                readonly [key: string]: string;
                            };
                            readonly timeZone?: string;
                            readonly ttl?: number;
                        }[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly putSchedule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly catchUp?: string;
                    /** @example chat:lobby */
                    readonly channel: string;
                    readonly cron: string;
                    readonly data?: unknown;
                    readonly event?: string;
                    readonly tags?: {
                        readonly [key: string]: string;
                    };
                    readonly timeZone?: string;
                    readonly ttl?: number;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly channel: string;
                        readonly cron: string;
                        readonly data?: unknown;
                        readonly event?: string;
                        readonly name: string;
                        readonly next?: number;
                        readonly tags?: {
                            readonly [key: string]: string;
                        };
                        readonly timeZone?: string;
                        readonly ttl?: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly deleteSchedule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": Record<string, never>;
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly tap: {
        readonly parameters: {
            readonly query?: {
                readonly channel?: string;
                readonly payloads?: "true" | "false";
                readonly seconds?: number;
                readonly user?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/x-ndjson": unknown;
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly issueTicket: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly channels: readonly string[];
                    readonly claims?: unknown;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly expiresAt: number;
                        readonly ticket: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly unschedule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    /** @example chat:lobby */
                    readonly channel: string;
                    readonly message: string;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": Record<string, never>;
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly readUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly user: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly channels: readonly string[];
                        readonly connections: readonly components["schemas"]["Connection"][];
                        readonly lastSeen: number | null;
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly more: number;
                        readonly online: boolean;
                        readonly user: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly disconnectUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly user: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    readonly except?: string | readonly string[];
                    /** @description A channel, or a pattern like chat:* */
                    readonly pattern?: string;
                    readonly reason?: string;
                    readonly reconnect?: boolean;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Affected"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly recheckUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly user: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    readonly except?: string | readonly string[];
                    /** @description A channel, or a pattern like chat:* */
                    readonly pattern?: string;
                    readonly reason?: string;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Affected"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly subscribeUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly user: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly channel: string;
                    readonly except?: string | readonly string[];
                    readonly position?: {
                        readonly epoch: string;
                        readonly offset: number;
                    };
                    readonly rewind?: number;
                    readonly since?: number;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Affected"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly unsubscribeUser: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly user: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": {
                    readonly except?: string | readonly string[];
                    /** @description A channel, or a pattern like chat:* */
                    readonly pattern?: string;
                    readonly reason?: string;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Affected"];
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listWebhooks: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly webhooks: readonly {
                            readonly events: readonly string[];
                            readonly failures: number;
                            readonly halt: ("paused" | "gone") | null;
                            readonly lag: number;
                            readonly lastError?: {
                                readonly failure: string;
                                readonly message: string;
                                readonly time: number;
                            };
                            readonly lastReceived?: number;
                            /** @description Nodes that did not answer */
                            readonly missing?: readonly string[];
                            readonly name: string;
                            readonly node?: string;
                            readonly oldest: number;
                        }[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly pauseWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly webhook: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": Record<string, never>;
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly events: readonly string[];
                        readonly failures: number;
                        readonly halt: ("paused" | "gone") | null;
                        readonly lag: number;
                        readonly lastError?: {
                            readonly failure: string;
                            readonly message: string;
                            readonly time: number;
                        };
                        readonly lastReceived?: number;
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly name: string;
                        readonly node?: string;
                        readonly oldest: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly replayWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly webhook: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": {
                    readonly from: number;
                };
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly events: number;
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly resumeWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly webhook: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": Record<string, never>;
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly events: readonly string[];
                        readonly failures: number;
                        readonly halt: ("paused" | "gone") | null;
                        readonly lag: number;
                        readonly lastError?: {
                            readonly failure: string;
                            readonly message: string;
                            readonly time: number;
                        };
                        readonly lastReceived?: number;
                        /** @description Nodes that did not answer */
                        readonly missing?: readonly string[];
                        readonly name: string;
                        readonly node?: string;
                        readonly oldest: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly testWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly webhook: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: {
            readonly content: {
                readonly "application/json": Record<string, never>;
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly recorded: number;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly listWebhookKeys: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly keys: readonly {
                            readonly crv: string;
                            readonly kty: string;
                            readonly x: string;
                        }[];
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    readonly explainDelivery: {
        readonly parameters: {
            readonly query?: {
                readonly channel?: string;
                readonly connection?: string;
                readonly message?: string;
                readonly offset?: number;
                readonly user?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly connections: readonly {
                            readonly connection: string;
                            readonly message: string;
                            readonly node: string;
                            readonly open: boolean;
                            readonly outcome: string;
                            readonly sub?: number;
                            readonly subscription?: string;
                            readonly user: string | null;
                        }[];
                        readonly message: {
                            readonly channel: string;
                            readonly epoch: string;
                            readonly id?: string;
                            readonly offset: number;
                            readonly time?: number;
                        };
                        /** @description Nodes that did not answer */
                        readonly missing: readonly string[];
                        readonly more: number;
                        readonly outcome: string;
                        readonly since: number | null;
                        readonly summary: string;
                    };
                };
            };
            /** @description Refused, or failed. */
            readonly default: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                    readonly "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
