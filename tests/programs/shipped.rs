//! Calls between groups: they travel as bytes, and inside a group nothing travels but states.
use thalweg::prelude::*;
use thalweg::simulation::{Schedule, Traffic};

mod program {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
    use thalweg::prelude::*;

    /// Refuses to be written (1), or to be read (2).
    #[derive(Clone, Debug, PartialEq)]
    pub struct Stubborn(pub u8);
    impl Serialize for Stubborn {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0 == 1 {
                Err(ser::Error::custom("it is not written"))
            } else {
                self.0.serialize(serializer)
            }
        }
    }
    impl<'de> Deserialize<'de> for Stubborn {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match u8::deserialize(deserializer)? {
                2 => Err(de::Error::custom("it is not read")),
                3 => panic!("it panics"),
                other => Ok(Self(other)),
            }
        }
    }

    #[entity(auto)]
    pub struct Post {
        #[key]
        id: u64,
        n: u64,
    }

    #[entity]
    impl Post {
        pub fn new(id: u64) -> Self {
            Self { id, n: 0 }
        }
        pub fn n(&self) -> u64 {
            self.n
        }
        pub fn keep(&mut self, what: Stubborn) -> u64 {
            self.n += 1;
            u64::from(what.0)
        }
        pub fn give(&mut self, n: u8) -> Stubborn {
            self.n += 1;
            Stubborn(n)
        }
        pub async fn forward(&mut self, to: Ref<Post>, what: Stubborn) -> u64 {
            self.n += 1;
            to.keep(what).await
        }
        pub async fn send(&mut self, to: Ref<Post>, what: Stubborn) {
            self.n += 1;
            to.keep(what).send();
        }
        pub async fn fetch(&mut self, from: Ref<Post>, n: u8) -> u8 {
            self.n += 1;
            from.give(n).await.0
        }
        /// Whom it touches its state says.
        pub async fn walk(&mut self, steps: u64) -> u64 {
            self.n += 1;
            match steps.checked_sub(1) {
                Some(left) => Post::at(self.id + self.n).walk(left).await + self.n,
                None => self.n,
            }
        }
    }
}
use program::*;

/// A post on each of two workers.
fn two() -> [u64; 2] {
    let on = |worker| (0..).find(|id| Ref::owner(&Post::at(*id), 2) == worker).expect("some are");
    [on(0), on(1)]
}

#[test]
fn what_cannot_travel_is_said_and_undone() {
    for groups in [1, 2] {
        let app = App::new("posts").entity::<Post>().workers(2).groups(groups).start().expect("it starts");
        let [here, there] = two();
        let said = |reply: Result<String, thalweg::Error>| reply.unwrap_or_else(|error| error.to_string());
        let forward = |n: u8| {
            let call = Post::at(here).forward(Post::at(there), Stubborn(n));
            said(app.call_blocking(call).map(|n| n.to_string()))
        };
        let send = |n: u8| {
            let call = Post::at(here).send(Post::at(there), Stubborn(n));
            said(app.call_blocking(call).map(|()| "sent".to_owned()))
        };
        let fetch =
            |n: u8| said(app.call_blocking(Post::at(here).fetch(Post::at(there), n)).map(|n| n.to_string()));
        let travels = |method: &str, what: &str| {
            format!(
                "a call of `Post::{method}` cannot go to another group of workers, or to the log: {what}; let what it takes and gives be the \
                 same behind its bytes"
            )
        };
        assert_eq!([forward(0), send(0), fetch(0)], ["0", "sent", "0"]);
        let (said, stand) = match groups {
            1 => (vec![String::from("1"), "2".into(), "3".into(), "sent".into(), "1".into(), "2".into()], 9),
            _ => {
                let (written, read) = ("it is not written", "it is not read");
                let panicked = "a method panicked: it panics".to_owned();
                let keep = |what| travels("keep", what);
                (
                    vec![
                        keep(written),
                        keep(read),
                        panicked,
                        keep(written),
                        travels("give", written),
                        travels("give", read),
                    ],
                    3,
                )
            }
        };
        assert_eq!(
            [forward(1), forward(2), forward(3), send(1), fetch(1), fetch(2)].as_slice(),
            said,
            "{groups} groups"
        );
        for post in [here, there] {
            assert_eq!(app.call_blocking(Post::at(post).n()).expect("it is there"), stand, "{groups} groups");
        }
        app.stop().expect("it ends");
    }
}

/// What workers in so many groups send each other for dynamic transactions, half of them wrong guesses.
fn traffic(groups: usize) -> (Vec<u64>, Traffic) {
    let app = App::new("posts").entity::<Post>().workers(4).groups(groups);
    let mut simulation = app.simulate(Schedule { seed: 7, epoch: 8 }).expect("it starts");
    let walks: Vec<_> = (0..40)
        .map(|n| simulation.handle().submit(Post::at(n % 5).walk(6)).expect("there is room"))
        .collect();
    simulation.run();
    let walked = walks.into_iter().map(|reply| reply.wait().expect("it walks")).collect();
    (walked, simulation.traffic())
}

#[test]
fn nothing_is_shipped_inside_a_group() {
    let (walked, one) = traffic(1);
    assert_eq!([one.calls, one.answers, one.ends], [0; 3], "{one:?}");
    assert!(one.demands > 0 && one.scouting > 0, "{one:?}");
    let (two, four) = (traffic(2), traffic(4));
    assert!(two.1.calls > 0 && two.1.demands > 0, "{two:?}");
    // A group of one worker has nobody to demand something of.
    assert!(four.1.calls > 0 && four.1.demands == 0 && four.1.grants == 0, "{four:?}");
    assert_eq!([&two.0, &four.0], [&walked; 2]);
}
