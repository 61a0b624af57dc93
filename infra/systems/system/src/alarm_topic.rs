//! The topic of a system's alarms, with whoever hears of them on a stage.

use cfn::Parameter;
use constructs::{Alarm, Asked, Stack, Topic};

use crate::Stage;

/// Not all addresses that there are, but none that is a mistake at first sight.
const EMAIL_PATTERN: &str = r"^[^@\s,]+@[^@\s,.]+(\.[^@\s,.]+)+$";

impl Stage {
    /// The topic `AlarmTopic`, named `<system>-alarms-<stage>`, and the subscriptions of whoever hears of the stage's alarms. What a web address did
    /// not take waits in `<system>-alarms-dlq-<number>-<stage>`, with an alarm that the others hear.
    #[track_caller]
    pub fn alarm_topic(&self, stack: &mut Stack, system: &str) -> Topic {
        let topic = Topic::for_alarms(stack, "AlarmTopic", format!("{system}-alarms-{}", self.name));
        for (number, address) in (1..).zip(&self.alarms.emails) {
            topic.add_email_subscription(stack, &format!("AlarmEmail{number}"), address.as_str());
        }
        if self.alarms.asks_for_email {
            let email = Parameter::string()
                .description("Mail address that hears of each alarm, once somebody there has confirmed it.")
                .allowed_pattern(EMAIL_PATTERN)
                .constraint_description("a mail address such as team@shop.example");
            let email = stack.asked(Asked::AlarmEmail, email);
            topic.add_email_subscription(stack, "AlarmEmailSubscription", email.r#ref());
        }
        for (number, address) in (1..).zip(&self.alarms.https) {
            let id = format!("AlarmHttps{number}");
            let queue_name = format!("{system}-alarms-dlq-{number}-{}", self.name);
            let undelivered = topic.add_https_subscription(stack, &id, address, queue_name);
            let text = format!("{} has alarms that {address} did not take.", undelivered.queue_name());
            Alarm::new(
                stack,
                &format!("{id}UndeliveredAlarm"),
                &undelivered.metric_messages_visible(),
                0,
                &text,
                &topic,
            );
        }
        topic
    }
}
