// Written by `npm run api-types` from the fleet's OpenAPI document; do not edit.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AliasEvidence
         * @description Where it stands in the documentation: the first such place of a document, of `count` in that document.
         */
        AliasEvidence: {
            /**
             * Document Id
             * Format: uuid
             */
            document_id: string;
            /** Title */
            title: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "acronym" | "also_known_as" | "redirect" | "link";
            /** Text */
            text: string;
            /** Count */
            count: number;
        };
        /**
         * AliasProposal
         * @description `score` (0 … 1) orders proposals. `evidence` shows the first places, `documents` is how many documents have some.
         *     `open` says whether everyone who is logged in may read some of them: accepting another proposal makes words of
         *     closed documents act in everybody's searches.
         */
        AliasProposal: {
            /** Term */
            term: string;
            /** Synonyms */
            synonyms: string[];
            /** Score */
            score: number;
            /** Evidence */
            evidence: components["schemas"]["AliasEvidence"][];
            /** Documents */
            documents: number;
            /** Open */
            open: boolean;
            /**
             * Covered
             * @description Accepted aliases say all of this already.
             */
            covered: boolean;
        };
        /** AliasResponse */
        AliasResponse: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Term */
            term: string;
            /** Synonyms */
            synonyms: string[];
            /** Created At */
            created_at: string;
            /** Updated At */
            updated_at: string;
        };
        /**
         * Answer
         * @description `problem` says why, when `state` is failed. `withheld`: its text is kept back, because it rests on documentation
         *     that was deleted or that the reader may not read any more.
         */
        Answer: {
            /** Content */
            content: string;
            /** Citations */
            citations?: components["schemas"]["Citation"][];
            /** Uncited */
            uncited?: components["schemas"]["TextSpan"][];
            /** Sources */
            sources?: components["schemas"]["Source"][];
            /**
             * Confidence
             * @default 0
             */
            confidence: number;
            /**
             * Grounded
             * @default false
             */
            grounded: boolean;
            refusal?: components["schemas"]["Refusal"] | null;
            /**
             * Cached
             * @default false
             */
            cached: boolean;
            /**
             * Model
             * @default
             */
            model: string;
            usage?: components["schemas"]["Usage"];
            timings_ms?: components["schemas"]["Timings"];
            /** Follow Ups */
            follow_ups?: string[];
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Message Id
             * Format: uuid
             */
            message_id: string;
            /**
             * Conversation Id
             * Format: uuid
             */
            conversation_id: string;
            state: components["schemas"]["GenerationState"];
            /** Created At */
            created_at: string;
            problem?: components["schemas"]["Problem"] | null;
            /**
             * Withheld
             * @default false
             */
            withheld: boolean;
        };
        /** CheckResponse */
        CheckResponse: {
            /** Ok */
            ok: boolean;
            /** Detail */
            detail: string;
            /** Found */
            found?: {
                [key: string]: unknown;
            };
        };
        /**
         * Citation
         * @description `start`/`end` delimit, in code points, the sentence of the answer's content that the source supports.
         */
        Citation: {
            /** Marker */
            marker: number;
            /** Source Id */
            source_id: string;
            /** Start */
            start: number;
            /** End */
            end: number;
            /** Supported */
            supported: boolean;
        };
        /** ConversationResponse */
        ConversationResponse: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Title */
            title: string;
            mode: components["schemas"]["Mode"];
            /** Created At */
            created_at: string;
            /** Updated At */
            updated_at: string;
        };
        /**
         * CreateSourceRequest
         * @description `config` by type: folder `{path, include?: [glob], exclude?: [glob]}`; upload `{}`. `groups` empty: everyone.
         */
        CreateSourceRequest: {
            /** Type */
            type: string;
            /** Name */
            name: string;
            /** Config */
            config?: {
                [key: string]: unknown;
            };
            /**
             * Credentials
             * @description Write-only.
             */
            credentials?: {
                [key: string]: string;
            } | null;
            /** Groups */
            groups?: string[];
            /**
             * Schedule
             * @description How often it is looked at for changes: `5m`, `1h`, `1d`, a cron expression in UTC, or null: only when somebody asks. Left out: as the fleet is set (5m).
             * @default default
             */
            schedule: string | null;
        };
        /**
         * DiscoverResponse
         * @description Nothing is accepted by this: `POST /api/v1/aliases` does that. `stopped` says why not all documents were read.
         */
        DiscoverResponse: {
            /** Proposals */
            proposals: components["schemas"]["AliasProposal"][];
            /** Documents Read */
            documents_read: number;
            /** Stopped */
            stopped?: ("time" | "documents") | null;
        };
        /**
         * DocumentResponse
         * @description `text` is what every offset points into.
         */
        DocumentResponse: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Source Id
             * Format: uuid
             */
            source_id: string;
            /** External Id */
            external_id: string;
            /** Provider */
            provider: string;
            /** Title */
            title: string;
            /** Path */
            path: string[];
            /** Url */
            url: string | null;
            /** Groups */
            groups: string[];
            /** Updated At */
            updated_at: string;
            /** Text */
            text: string;
        };
        /** FeedbackRequest */
        FeedbackRequest: {
            /**
             * Rating
             * @enum {string}
             */
            rating: "up" | "down";
            /** Reason */
            reason?: string | null;
            /** Comment */
            comment?: string | null;
        };
        /**
         * GenerationState
         * @enum {string}
         */
        GenerationState: "queued" | "running" | "done" | "failed" | "cancelled";
        /**
         * JobCounts
         * @description When a job has ended, found = indexed + unchanged + skipped + failed.
         */
        JobCounts: {
            /**
             * Found
             * @default 0
             */
            found: number;
            /**
             * Indexed
             * @default 0
             */
            indexed: number;
            /**
             * Unchanged
             * @default 0
             */
            unchanged: number;
            /**
             * Deleted
             * @default 0
             */
            deleted: number;
            /**
             * Skipped
             * @default 0
             */
            skipped: number;
            /**
             * Failed
             * @default 0
             */
            failed: number;
        };
        /** JobProblem */
        JobProblem: {
            /** Document */
            document: string;
            /** Detail */
            detail: string;
        };
        /** JobResponse */
        JobResponse: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Source Id
             * Format: uuid
             */
            source_id: string;
            state: components["schemas"]["JobState"];
            /** Phase */
            phase: string;
            counts: components["schemas"]["JobCounts"];
            /**
             * Problems
             * @description The first ones; /problems has all of them.
             */
            problems: components["schemas"]["JobProblem"][];
            /**
             * Problems Total
             * @default 0
             */
            problems_total: number;
            /**
             * Current
             * @description The document that is worked on.
             */
            current?: string | null;
            /**
             * Rate
             * @description Documents a second, over the work so far.
             */
            rate?: number | null;
            /**
             * Seconds Left
             * @description At this rate; null while that can't be said.
             */
            seconds_left?: number | null;
            /** Created At */
            created_at: string;
            /** Started At */
            started_at: string | null;
            /** Heartbeat At */
            heartbeat_at: string | null;
            /** Finished At */
            finished_at: string | null;
        };
        /**
         * JobState
         * @enum {string}
         */
        JobState: "queued" | "running" | "succeeded" | "partial" | "failed" | "cancelled";
        /** MeResponse */
        MeResponse: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Email */
            email: string;
            /** Name */
            name: string;
            /** Roles */
            roles: components["schemas"]["UserRole"][];
            /** Groups */
            groups: string[];
        };
        /**
         * MessageResponse
         * @description A user's message carries its latest answer's id and state, an assistant's message the whole answer.
         */
        MessageResponse: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Conversation Id
             * Format: uuid
             */
            conversation_id: string;
            role: components["schemas"]["Role"];
            /** Content */
            content: string;
            /** Created At */
            created_at: string;
            /** Answer Id */
            answer_id?: string | null;
            answer_state?: components["schemas"]["GenerationState"] | null;
            answer?: components["schemas"]["Answer"] | null;
        };
        /**
         * Mode
         * @description COMPANY answers from the documentation, with citations; GENERAL is the model alone.
         * @enum {string}
         */
        Mode: "company" | "general";
        /**
         * Problem
         * @description RFC 9457 problem document.
         */
        Problem: {
            /** Type */
            type: string;
            /** Title */
            title: string;
            /** Status */
            status: number;
            /** Detail */
            detail: string;
            /**
             * Instance
             * @default
             */
            instance: string;
            /**
             * Request Id
             * @default
             */
            request_id: string;
            /**
             * Errors
             * @description On 422: what is wrong with which field; the name is empty where none is to blame.
             * @default null
             */
            errors: {
                [key: string]: string;
            }[] | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * QueueStatus
         * @description `waiting`: entries not yet read, jobs that are queued; `in_progress`: read and not acknowledged, jobs that run;
         *     `dead`: given up on. What can't be asked now is not listed.
         */
        QueueStatus: {
            /** Name */
            name: string;
            /** Waiting */
            waiting: number;
            /** In Progress */
            in_progress: number;
            /** Oldest Seconds */
            oldest_seconds: number;
            /** Dead */
            dead: number;
        };
        /**
         * Refusal
         * @enum {string}
         */
        Refusal: "not_in_documentation";
        /**
         * Role
         * @enum {string}
         */
        Role: "user" | "assistant";
        /** ServiceStatus */
        ServiceStatus: {
            /** Name */
            name: string;
            /**
             * Status
             * @enum {string}
             */
            status: "ok" | "degraded" | "down";
            /** Version */
            version: string;
            /** Latency Ms */
            latency_ms: number | null;
            /** Detail */
            detail: string;
        };
        /**
         * Source
         * @description A passage that an answer may cite. `start`/`end`: code points in the document's text, in this `version`; its
         *     source calls that `source_version`. `checked_at`: when the index was last equal to the source, as of the answer.
         */
        Source: {
            /** Id */
            id: string;
            /** Marker */
            marker: number;
            /**
             * Document Id
             * Format: uuid
             */
            document_id: string;
            /**
             * Chunk Id
             * Format: uuid
             */
            chunk_id: string;
            /** Title */
            title: string;
            /** Path */
            path: string[];
            /** Url */
            url: string | null;
            /** Provider */
            provider: string;
            /** Text */
            text: string;
            /** Start */
            start: number;
            /** End */
            end: number;
            /** Score */
            score: number;
            /** Updated At */
            updated_at: string;
            /**
             * Version
             * @default
             */
            version: string;
            /**
             * Source Version
             * @default
             */
            source_version: string;
            /** Checked At */
            checked_at?: string | null;
        };
        /** SourceResponse */
        SourceResponse: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Type */
            type: string;
            /** Name */
            name: string;
            /** Config */
            config: {
                [key: string]: unknown;
            };
            /** Groups */
            groups: string[];
            /** Schedule */
            schedule: string | null;
            /** Created At */
            created_at: string;
            /** Last Job Id */
            last_job_id?: string | null;
            /**
             * Checked At
             * @description When the index was last equal to the source.
             */
            checked_at?: string | null;
            /**
             * Held Deletions
             * @description Documents that the source lost; they are removed when a sync allows it.
             */
            held_deletions?: number | null;
            /**
             * Next Sync At
             * @description When its schedule starts the next sync.
             */
            next_sync_at?: string | null;
        };
        /** StatusResponse */
        StatusResponse: {
            /**
             * Status
             * @enum {string}
             */
            status: "ok" | "degraded" | "down";
            /** Services */
            services: components["schemas"]["ServiceStatus"][];
            /** Queues */
            queues: components["schemas"]["QueueStatus"][];
            /** Checked At */
            checked_at: string;
        };
        /**
         * TextSpan
         * @description `start`/`end` delimit, in code points, a part of the answer's content.
         */
        TextSpan: {
            /** Start */
            start: number;
            /** End */
            end: number;
        };
        /**
         * Timings
         * @description Milliseconds; None for a stage that did not happen.
         */
        Timings: {
            /** Queue */
            queue?: number | null;
            /** Intent */
            intent?: number | null;
            /** Retrieval */
            retrieval?: number | null;
            /** First Token */
            first_token?: number | null;
            /** Total */
            total?: number | null;
        };
        /**
         * Usage
         * @description `cost` is in the currency of the prices that the operator has set (`AI_PRICES`); None where there is no price.
         *     `estimated`: the model server has not counted all of the tokens; what it has not said is guessed from the texts.
         */
        Usage: {
            /**
             * Prompt Tokens
             * @default 0
             */
            prompt_tokens: number;
            /**
             * Completion Tokens
             * @default 0
             */
            completion_tokens: number;
            /**
             * Estimated
             * @default false
             */
            estimated: boolean;
            /** Cost */
            cost?: number | null;
        };
        /**
         * UserRole
         * @description ADMIN manages users and sources, EDITOR sources and documents, USER asks.
         * @enum {string}
         */
        UserRole: "admin" | "editor" | "user";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
