//! Dry runs: whatever they find is in their report, and nowhere else.

use analytics_contract::{State, dry_run_key};
use analytics_core::Store;

use crate::database::TestDatabase;
use crate::files::Files;
use crate::random::Random;
use crate::world::World;

#[tokio::test]
async fn a_dry_run_is_reported_under_the_key_that_it_is_about_and_is_no_dead_letter_when_it_is_rejected() {
    let database = TestDatabase::create().await;
    let slots = "signal;program_code;date;available_time\nRJ;NOVA;05/04/2021;30\n";
    for (seed, (text, state)) in
        [("signal,program,day\n", State::Rejected), (slots, State::Checked)].into_iter().enumerate()
    {
        database.clear().await;
        let mut random = Random::new(seed as u64);
        let mut files = Files::of("folder/slots 1.csv", text);
        files.0[0].object.key = dry_run_key("6f1c0a52-6a0b-4b7e-9a3c-0d5f8f4f2b11", "folder/slots 1.csv");
        let mut world = World::new(&files, &mut random);
        for _ in 0..2 {
            world.deliver(&files, &mut random);
            world.run(&database, &mut random).await.unwrap();
            assert_eq!(world.dead(), []);
        }
        let uploads = database.instance().uploads(None, 10).await.unwrap();
        let told: Vec<_> = uploads.iter().map(|upload| (upload.key.as_str(), upload.state, upload.dry_run)).collect();
        assert_eq!(told, [("folder/slots 1.csv", state, true)]);
    }
}
