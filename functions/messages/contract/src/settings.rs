//! One settings struct per function; a field is an environment variable.

use contract::settings;

settings! {
    /// `MessagesLogin`: login, refresh, logout, the public keys, and the operator's requests about users. Needs `dynamodb:GetItem`, `PutItem`,
    /// `UpdateItem`, `DeleteItem` on the table, `Query` on its index, and `secretsmanager:GetSecretValue`.
    Login / LoginEnvironment {
        /// Table of users, refresh tokens and failed logins, among all else (`messages_table-<stage>`).
        messages_table: String = "MESSAGES_TABLE",
        /// Secret with the [`crate::SigningKeys`].
        signing_keys_secret_arn: String = "SIGNING_KEYS_SECRET_ARN",
        /// Issuer and audience of tokens (`messages-<stage>`).
        token_issuer: String = "TOKEN_ISSUER",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `ApiProducerSqs`: accepts messages and queues them. Needs `sqs:SendMessage` on both queues, `dynamodb:PutItem` and `UpdateItem`,
    /// and `secretsmanager:GetSecretValue`.
    Producer / ProducerEnvironment {
        /// The main queue (`main_queue-<stage>.fifo`).
        sqs_main_url: String = "SQS_MAIN_URL",
        /// Its dead-letter queue (`dlq_queue-<stage>.fifo`).
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Table of messages and idempotency keys (`messages_table-<stage>`).
        messages_table: String = "MESSAGES_TABLE",
        /// Secret with the [`crate::SigningKeys`].
        signing_keys_secret_arn: String = "SIGNING_KEYS_SECRET_ARN",
        /// Issuer and audience of tokens (`messages-<stage>`).
        token_issuer: String = "TOKEN_ISSUER",
        /// Messages that one user may send in a minute.
        messages_per_minute: u32 = "MESSAGES_PER_MINUTE",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `MessagesStatus`: the state of queues, messages and dead letters, reprocessing, the API description and every path that no other function
    /// has. Needs `sqs:ReceiveMessage`, `DeleteMessage`, `ChangeMessageVisibility` on the dead-letter queue, `sqs:GetQueueAttributes` on both,
    /// `sqs:SendMessage` on the main queue, `dynamodb:GetItem`, `PutItem`, `UpdateItem`, `DeleteItem` on the table, `Query` on its index,
    /// and `secretsmanager:GetSecretValue`.
    Status / StatusEnvironment {
        /// The main queue (`main_queue-<stage>.fifo`).
        sqs_main_url: String = "SQS_MAIN_URL",
        /// Its dead-letter queue (`dlq_queue-<stage>.fifo`).
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Table of messages, replay jobs and locks (`messages_table-<stage>`).
        messages_table: String = "MESSAGES_TABLE",
        /// Secret with the [`crate::SigningKeys`].
        signing_keys_secret_arn: String = "SIGNING_KEYS_SECRET_ARN",
        /// Issuer and audience of tokens (`messages-<stage>`).
        token_issuer: String = "TOKEN_ISSUER",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `WorkerConsumerSqs`: saves each message once. Needs `dynamodb:UpdateItem` and, for dead letters, `sqs:SendMessage`.
    Worker / WorkerEnvironment {
        /// The main queue, which it consumes (`main_queue-<stage>.fifo`).
        sqs_input_url: String = "SQS_INPUT_URL",
        /// Receives that the queue allows, of its redrive policy.
        sqs_max_receive_count: u32 = "SQS_MAX_RECEIVE_COUNT",
        /// Dead-letter queue of the main queue, for what is given up, with the reason.
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Table of messages (`messages_table-<stage>`).
        messages_table: String = "MESSAGES_TABLE",
        /// Currencies that are settled, separated by commas, or `*` for all. A message in another is a dead letter until its currency is added.
        currencies: String = "CURRENCIES",
        /// Deployment stage.
        stage: String = "STAGE",
    }

    /// `MessagesSweeper`: invoked each minute. Needs what [`Status`] needs, but for the secret and the
    /// counts of the main queue, and `sqs:SendMessage` on the dead-letter queue.
    Sweeper / SweeperEnvironment {
        /// The main queue (`main_queue-<stage>.fifo`).
        sqs_main_url: String = "SQS_MAIN_URL",
        /// Its dead-letter queue (`dlq_queue-<stage>.fifo`).
        sqs_dead_letter_url: String = "SQS_DEAD_LETTER_URL",
        /// Table of messages, replay jobs and locks (`messages_table-<stage>`).
        messages_table: String = "MESSAGES_TABLE",
        /// Deployment stage.
        stage: String = "STAGE",
    }
}
