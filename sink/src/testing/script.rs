//! Drawn scripts: any calls in any order, with crashes between them.
use super::draw::Draw;
use super::model::{Model, Old, event};
use super::{Fault, Place};

pub(crate) fn run(place: &dyn Place, seed: u64) {
    let mut draw = Draw::new(seed);
    let mut model = Model::open(&place, format!("script {seed}"));
    let mut old: Option<Old> = None;
    for _ in 0..8 + draw.below(12) {
        match draw.below(16) {
            0..6 => {
                let topics: Vec<&str> = (0..draw.below(20))
                    .map(|_| ["a", "b", "", "\"d\n\u{1F600}"][draw.below(4) as usize])
                    .collect();
                model.write_to(&topics);
            }
            6..10 => model.commit(),
            10 => {
                model.commit();
                model.commit();
            }
            11 => model.crash(),
            12 => model.reopen(),
            13 => old = Some(model.supersede()),
            14 => {
                let wrong = event("a", model.next("a") + 1 + draw.below(3));
                assert!(model.sink.write(&[wrong.event()]).is_err(), "script {seed}: a gap is let in");
                model.reopen();
            }
            _ => {
                model.write_to(&["a"]);
                let fault = [Fault::Before, Fault::Within, Fault::After][draw.below(3) as usize];
                if place.fail_commit(fault) {
                    model.fail();
                }
            }
        }
        if let Some(old) = &mut old {
            model.is_shut_out(old, draw.below(2) == 0);
        }
        model.check();
    }
    model.crash();
}
