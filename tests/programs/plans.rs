//! Plans that say too little: the answer is that of one transaction after the other all the same.
use crate::cell::{Cell, cell};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thalweg::prelude::*;

/// An argument that does not show its second reference.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Skipping {
    shown: Ref<Cell>,
    #[serde(skip)]
    hidden: Option<Ref<Cell>>,
}

/// An argument that shows its reference as a number.
#[derive(Debug, Clone)]
pub struct ByHand(Ref<Cell>);

impl Serialize for ByHand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Ref::key(&self.0).to_string().serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for ByHand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(cell(text.parse().map_err(serde::de::Error::custom)?)))
    }
}

/// Makes a reference where none was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fee {
    to: Ref<Cell>,
}

impl Default for Fee {
    fn default() -> Self {
        Self { to: cell(33) }
    }
}

/// Has methods with the names of std's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Router(u64);

impl Router {
    fn get(&self, n: u64) -> Ref<Cell> {
        cell(30 + n % self.0)
    }
}

/// Another reference than the one that it was made of.
struct Next(Ref<Cell>);

impl Next {
    fn get(&self, n: u64) -> Ref<Cell> {
        cell(Ref::key(&self.0) + n)
    }
}

/// Cannot be copied, and so runs once.
#[derive(Debug, Serialize, Deserialize)]
pub struct Once(i64);

#[entity]
pub struct Line {
    #[key]
    id: (Ref<Cell>, u32),
    n: i64,
}

#[entity]
impl Line {
    pub fn open(id: (Ref<Cell>, u32)) -> Self {
        Self { id, n: 1 }
    }
    pub fn n(&self) -> i64 {
        self.n
    }
}

#[entity(auto)]
pub struct Clerk {
    #[key]
    id: u64,
    seen: i64,
}

#[entity]
impl Clerk {
    pub fn new(id: u64) -> Self {
        Self { id, seen: 0 }
    }
    pub async fn skipping(&mut self, arg: Skipping) -> (i64, Option<i64>) {
        let first = arg.shown.add(1).await;
        self.seen += first;
        match arg.hidden {
            Some(hidden) => (first, Some(hidden.add(first).await)),
            None => (first, None),
        }
    }
    /// Comes to what is hidden only when there is something to pass on.
    pub async fn pass_on(&mut self, arg: Skipping) -> i64 {
        match arg.hidden {
            Some(hidden) if arg.shown.get().await > 0 => hidden.add(1).await,
            _ => 0,
        }
    }
    pub async fn by_hand(&mut self, arg: ByHand, n: i64) -> i64 {
        self.seen += n;
        arg.0.add(n).await + self.seen
    }
    pub async fn default_of_an_option(&mut self, fee: Option<Fee>) -> i64 {
        self.seen += 1;
        fee.unwrap_or_default().to.add(self.seen).await
    }
    pub async fn routed(&mut self, router: Router, n: u64) -> i64 {
        self.seen += 1;
        router.get(n).add(self.seen).await
    }
    pub async fn next(&mut self, from: Ref<Cell>, n: u64) -> i64 {
        let next = Next(from);
        self.seen += 1;
        next.get(n).add(self.seen).await
    }
    pub async fn swapped(&mut self, mut a: Vec<Ref<Cell>>, mut b: Vec<Ref<Cell>>) -> i64 {
        a.swap_with_slice(&mut b);
        self.seen += 1;
        b[0].add(self.seen).await
    }
    pub async fn of_the_key(&self, line: Ref<Line>) -> i64 {
        line.n().await + Ref::key(&line).0.add(1).await
    }
    pub async fn once(&mut self, arg: Once, cell: Ref<Cell>) -> i64 {
        self.seen += arg.0;
        cell.add(arg.0).await
    }
    pub async fn plain(&mut self, cell: Ref<Cell>) -> i64 {
        self.seen += 1;
        cell.add(self.seen).await
    }
}

/// Every shape, between transactions whose plans are right and that touch the same cells.
#[test]
fn a_plan_that_says_too_little_changes_no_answer() {
    let clerk = |id| Clerk::at(id);
    let skipping = |shown, hidden: Option<u64>| Skipping { shown: cell(shown), hidden: hidden.map(cell) };
    let line = || Line::at((cell(31), 7));
    script!(in memory [Clerk, Cell, Line]
        cell(30).open(10) => "Ok(())",
        cell(31).open(100) => "Ok(())",
        cell(32).open(1000) => "Ok(())",
        cell(33).open(10000) => "Ok(())",
        line().open() => "Ok(())",
        clerk(1).plain(cell(31)) => "Ok(101)",
        clerk(1).skipping(skipping(30, Some(31))) => "Ok((11, Some(112)))",
        clerk(1).plain(cell(31)) => "Ok(125)",
        clerk(2).skipping(skipping(31, None)) => "Ok((126, None))",
        clerk(3).by_hand(ByHand(cell(32)), 5) => "Ok(1010)",
        cell(32).get() => "Ok(1005)",
        clerk(3).default_of_an_option(None) => "Ok(10006)",
        clerk(4).default_of_an_option(Some(Fee { to: cell(30) })) => "Ok(12)",
        clerk(4).routed(Router(3), 7) => "Ok(128)",
        clerk(4).routed(Router(4), 7) => "Ok(10009)",
        clerk(5).next(cell(30), 1) => "Ok(129)",
        clerk(5).next(cell(30), 2) => "Ok(1007)",
        clerk(6).swapped(vec![cell(30)], vec![cell(33)]) => "Ok(13)",
        clerk(6).of_the_key(line()) => "Ok(131)",
        clerk(7).skipping(skipping(33, Some(30))) => "Ok((10010, Some(10023)))",
        clerk(7).plain(cell(31)) => "Ok(10141)",
        clerk(8).skipping(skipping(30, Some(99))) => r#"Err(Missing { entity: "Cell", key: "99" })"#,
        clerk(8).plain(cell(30)) => "Ok(10024)",
    );
}

/// Many at once, so that one epoch has many that are wrong; and the reason is shown.
#[test]
fn the_method_is_marked_and_planned_by_scouts_from_then_on() {
    const CLERKS: u64 = 200;
    for workers in [2, 3, 4] {
        let app = App::new("marked").entity::<Clerk>().entity::<Cell>().workers(workers);
        let app = app.start().expect("the program starts");
        let cells = app.submit_all((0..8).map(|id| cell(id).open(0))).expect("room");
        assert!(cells.wait().expect("answers").iter().all(Result::is_ok));
        for round in 1..=2 {
            let calls = (0..CLERKS).map(|id| Clerk::at(id).by_hand(ByHand(cell(id % 8)), 1));
            let answers = app.submit_all(calls).expect("room").wait().expect("answers");
            let expected = |id: u64| (round - 1) * CLERKS / 8 + id / 8 + 1 + round;
            for (id, answer) in (0..).zip(answers) {
                assert_eq!(answer, Ok(expected(id) as i64), "{workers} workers, round {round}, clerk {id}");
            }
        }
        let counts = app.method_counts();
        let by_hand = counts.iter().find(|it| it.method.1 == "by_hand").expect("it was called");
        assert_eq!((by_hand.committed, by_hand.aborted), (2 * CLERKS, 0));
        assert!(by_hand.tail > 0 && by_hand.scouted > 0, "{by_hand:?}");
        assert_eq!(by_hand.reasons.len(), 1);
        assert!(by_hand.reasons[0].contains("missed an entity"), "{by_hand:?}");
    }
}

/// Each is wrong only when the one before it was right: the epoch is not undone once for each of them.
#[test]
fn one_after_the_other_is_wrong() {
    const CLERKS: u64 = 60;
    for workers in [2, 3] {
        let app =
            App::new("chain").entity::<Clerk>().entity::<Cell>().workers(workers).start().expect("it starts");
        let open = |id| cell(id).open(i64::from(id == 0));
        let cells = app.submit_all((0..=CLERKS).map(open)).expect("room").wait().expect("answers");
        assert!(cells.iter().all(Result::is_ok));
        let pass = |id| Clerk::at(id).pass_on(Skipping { shown: cell(id), hidden: Some(cell(id + 1)) });
        let answers = app.submit_all((0..CLERKS).map(pass)).expect("room").wait().expect("answers");
        assert!(answers.iter().all(|answer| *answer == Ok(1)), "{answers:?}");
        let counts = app.method_counts();
        let passed = counts.iter().find(|it| it.method.1 == "pass_on").expect("it was called");
        // Three attempts with guesses, and one in which nothing can be wrong.
        assert!(passed.undone <= 3 * CLERKS, "{workers} workers: {passed:?}");
    }
}

/// What can run only once is not undone with them.
#[test]
fn beside_what_runs_once() {
    let by_hand = |clerk, to| Clerk::at(clerk).by_hand(ByHand(cell(to)), 1);
    script!([Clerk, Cell]
        cell(30).open(10) => "Ok(())",
        cell(31).open(100) => "Ok(())",
        by_hand(1, 30) => "Ok(12)",
        Clerk::at(2).once(Once(5), cell(30)) => "Ok(16)",
        by_hand(3, 31) => "Ok(102)",
        Clerk::at(4).once(Once(7), cell(31)) => "Ok(108)",
        by_hand(5, 30) => "Ok(18)",
        by_hand(6, 31) => "Ok(110)",
        Clerk::at(7).once(Once(1), cell(30)) => "Ok(18)",
    );
}
