//! What every sink must do, one thing at a time.
use super::model::{Model, Old, event};
use super::{Fault, Place};
use crate::{OwnedEvent, SinkError};

pub(crate) const ALL: [fn(&dyn Place); 11] = [
    what_is_committed_stays,
    what_is_not_committed_is_gone,
    a_second_commit_does_nothing,
    an_empty_commit_does_nothing,
    topics_move_together,
    a_lower_generation_is_shut_out,
    the_same_generation_may_open_again,
    events_of_any_size,
    any_number_of_events,
    what_does_not_follow_is_refused,
    an_unopened_sink_refuses,
];

impl Place for &dyn Place {
    fn sink(&self) -> Box<dyn crate::Sink> {
        (**self).sink()
    }
    fn committed(&self) -> Result<Vec<OwnedEvent>, SinkError> {
        (**self).committed()
    }
    fn fail_commit(&self, fault: Fault) -> bool {
        (**self).fail_commit(fault)
    }
}

fn what_is_committed_stays(place: &dyn Place) {
    let mut model = Model::open(&place, "what is committed stays");
    for _ in 0..3 {
        model.write_to(&["a", "a", "b"]);
        model.commit();
        model.crash();
        model.reopen();
    }
}

fn what_is_not_committed_is_gone(place: &dyn Place) {
    let mut model = Model::open(&place, "what is not committed is gone");
    for _ in 0..2 {
        model.write_to(&["a", "b"]);
        model.check();
        model.reopen();
        model.write_to(&["a", "b", "c"]);
        model.crash();
        // It comes again, with the same bytes.
        model.write_to(&["a", "b"]);
        model.commit();
        model.write_to(&["a"]);
        model.crash();
    }
}

fn a_second_commit_does_nothing(place: &dyn Place) {
    let mut model = Model::open(&place, "a second commit");
    model.write_to(&["a", "b"]);
    model.commit();
    model.commit();
    model.crash();
    model.commit();
    model.write_to(&["a"]);
    model.commit();
    model.crash();
}

fn an_empty_commit_does_nothing(place: &dyn Place) {
    let mut model = Model::open(&place, "an empty commit");
    model.commit();
    model.crash();
    model.write(Vec::new());
    model.commit();
    model.write_to(&["a"]);
    model.commit();
    model.write(Vec::new());
    model.commit();
    model.crash();
}

fn topics_move_together(place: &dyn Place) {
    let mut model = Model::open(&place, "two topics");
    for n in 0..4 {
        // Written apart, committed at once.
        model.write_to(&["a"]);
        model.write_to(&["b", "b"]);
        model.write_to(&["a"]);
        model.check();
        if n % 2 == 0 {
            model.commit();
        }
        model.crash();
    }
}

fn a_lower_generation_is_shut_out(place: &dyn Place) {
    let mut model = Model::open(&place, "a lower generation");
    model.write_to(&["a"]);
    model.commit();
    let mut idle = model.supersede();
    model.is_shut_out(&mut idle, true);
    let mut idle_too = model.supersede();
    model.write_to(&["a"]);
    model.commit();
    model.is_shut_out(&mut idle_too, false);
    // These have written before they are shut out.
    for write_first in [true, false] {
        model.write_to(&["a", "b"]);
        let mut busy = model.supersede();
        model.is_shut_out(&mut busy, write_first);
        model.write_to(&["a", "b"]);
        model.commit();
        model.is_shut_out(&mut busy, write_first);
        model.is_shut_out(&mut idle, write_first);
    }
    model.is_shut_out(&mut Old::unopened(place.sink(), 2), true);
    model.crash();
}

fn the_same_generation_may_open_again(place: &dyn Place) {
    let mut model = Model::open(&place, "the same generation");
    model.generation = 5;
    for _ in 0..2 {
        model.crash();
        model.write_to(&["a"]);
        model.commit();
    }
    model.generation = u64::MAX;
    model.crash();
}

fn events_of_any_size(place: &dyn Place) {
    let mut model = Model::open(&place, "events of any size");
    for size in [0, 1, 511, 4096, (64 << 10) - 80, 1 << 20, 2, 10 << 20] {
        let body = format!("\"{}\"", "y".repeat(size));
        model.write(vec![OwnedEvent { body, ..event("a", model.next("a")) }]);
        if size != 4096 {
            model.commit();
        }
    }
    model.crash();
}

fn any_number_of_events(place: &dyn Place) {
    let mut model = Model::open(&place, "any number of events");
    for count in [1, 2, 257, 10_000] {
        let topics: Vec<&str> = (0..count).map(|n| ["a", "b", "a", "c"][n % 4]).collect();
        model.write_to(&topics);
        model.commit();
        model.write_to(&topics);
        model.crash();
    }
}

fn what_does_not_follow_is_refused(place: &dyn Place) {
    let mut model = Model::open(&place, "what does not follow");
    model.write_to(&["a", "a", "b"]);
    model.commit();
    for (topic, wrong) in [("a", 0), ("a", 1), ("a", 3), ("b", 0), ("b", 2), ("c", 1)] {
        let refused = model.sink.write(&[event(topic, wrong).event()]);
        let expected = model.next(topic);
        match refused {
            Err(SinkError::Order { topic: of, expected: next, found }) => {
                assert_eq!((of.as_str(), next, found), (topic, expected, wrong), "what does not follow");
            }
            other => panic!("offset {wrong} of {topic} does not follow: {other:?}"),
        }
        model.crash();
    }
    model.write_to(&["a", "b"]);
    let refused = model.sink.commit(&model.positions().clone());
    assert!(matches!(refused, Err(SinkError::Order { .. })), "positions of other events: {refused:?}");
    model.crash();
}

fn an_unopened_sink_refuses(place: &dyn Place) {
    let (mut sink, model) = (place.sink(), Model::open(&place, "an unopened sink"));
    assert!(sink.write(&[event("a", 0).event()]).is_err(), "an unopened sink writes");
    assert!(sink.commit(model.positions()).is_err(), "an unopened sink commits");
    model.check();
}

/// Only where the sink can be made to fail.
pub(crate) fn an_error_leaves_old_or_new(place: &dyn Place, fault: Fault) {
    let mut model = Model::open(&place, format!("an error {fault:?} a commit"));
    for topics in [&["a", "b"][..], &["a", "a", "b", "c"], &["c"]] {
        if !place.fail_commit(fault) {
            return;
        }
        model.write_to(topics);
        model.fail();
        // It comes again if it has to.
        model.write_to(topics);
        model.commit();
    }
    model.crash();
}
