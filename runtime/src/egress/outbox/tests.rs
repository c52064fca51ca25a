//! Tests of the outbox.
use super::*;

fn outbox(limit: usize) -> Outbox {
    Outbox::new(2, 1, &[vec!["b".to_owned()], vec!["a".to_owned(), "c".to_owned()]], Some(limit))
}

fn offsets(outbox: &Outbox, sink: usize, durable: u64) -> Vec<(String, u64, u64)> {
    outbox.end();
    let batch = outbox.batch(sink, 1 << 20, || durable, || false);
    batch.iter().map(|event| (event.topic.clone(), event.epoch, event.offset)).collect()
}

fn at(epoch: u64, from: u32, index: u32) -> InPart {
    InPart { epoch, from, index }
}

#[test]
fn offsets_follow_the_order_whatever_ends_first() {
    let outbox = outbox(1 << 20);
    let emit = |topic: &str| Emitted::one(outbox.topics.number(topic).expect("it is there"), topic);
    outbox.part(1, 0, 5, 1);
    outbox.part(1, 1, 5, 2);
    outbox.part(2, 1, 6, 1);
    outbox.left(0, 3);
    outbox.left(1, 3);
    outbox.ended(2, 1, [(at(2, 1, 0), emit("a"))].into_iter());
    outbox.ended(1, 2, [(at(1, 1, 1), emit("a")), (at(1, 1, 0), emit("c"))].into_iter());
    assert!(offsets(&outbox, 1, 9).is_empty(), "a transaction of the first epoch is still out");
    outbox.ended(1, 1, [(at(1, 0, 0), emit("a"))].into_iter());
    let a = |epoch, offset| ("a".to_owned(), epoch, offset);
    assert_eq!(offsets(&outbox, 1, 9), [a(1, 0), ("c".to_owned(), 1, 0), a(1, 1), a(2, 2)]);
    assert_eq!(offsets(&outbox, 1, 1).len(), 3, "what is not durable stays");
    let state = outbox.state();
    let ordinals: Vec<u64> = state.waiting[1].iter().map(|event| event.ordinal).collect();
    assert_eq!(ordinals, [0, 1, 2, 0]);
}

#[test]
fn what_is_committed_makes_room_and_what_is_lost_or_strange_is_refused() {
    let outbox = outbox(2 * EVENT);
    let emit = || Emitted::one(outbox.topics.number("b").expect("it is there"), "1");
    outbox.part(1, 0, 5, 2);
    outbox.cut_after(1);
    outbox.left(0, 2);
    outbox.left(1, 2);
    outbox.ended(1, 2, [(at(1, 0, 0), emit()), (at(1, 0, 1), emit())].into_iter());
    assert!(outbox.is_full());
    let content = outbox.content_after(1, || true).expect("the epoch is complete");
    assert_eq!((content.next.get("b"), content.waiting.len()), (2, 2));
    let one: Positions = [("b".to_owned(), 1)].into_iter().collect();
    assert!(outbox.committed(0, 1) && !outbox.is_full());
    assert_eq!(outbox.accept(0, &one), Ok(false));
    for wrong in [0, 3] {
        let positions: Positions = [("b".to_owned(), wrong)].into_iter().collect();
        assert!(matches!(outbox.accept(0, &positions), Err(Error::Sink { .. })), "{wrong}");
    }
    let fresh = self::outbox(1);
    fresh
        .restore(&content.next, content.waiting.iter().map(|event| (**event).clone()).collect())
        .expect("a sink takes it");
    assert_eq!((fresh.accept(0, &one), fresh.waiting(0), fresh.is_full()), (Ok(false), 1, true));
}

/// The sink took one topic's event of a transaction and not the other's, which has the lower offset.
#[test]
fn what_a_sink_has_of_half_a_transaction_is_not_given_to_it_again() {
    let outbox = outbox(1 << 20);
    let event = |topic: &str, offset| {
        let (topic, body) = (topic.to_owned(), "1".to_owned());
        OwnedEvent { topic, offset, epoch: 3, ordinal: 0, now: 5, body }
    };
    let next = [("a".to_owned(), 11), ("c".to_owned(), 6)].into_iter().collect();
    outbox.restore(&next, vec![event("a", 10), event("c", 5)]).expect("a sink takes them");
    let positions = [("a".to_owned(), 11), ("c".to_owned(), 5)].into_iter().collect();
    assert_eq!(outbox.accept(1, &positions), Ok(false));
    assert_eq!(offsets(&outbox, 1, 9), [("c".to_owned(), 3, 5)]);
}
