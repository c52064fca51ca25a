//! What a small entity becomes, for people to read: the snapshot is the documentation of `emit`.

const COUNTER: &str = r#"
#[entity]
pub struct Counter {
    #[key]
    id: u64,
    count: i64,
}

#[entity]
impl Counter {
    pub fn start(id: u64, count: i64) -> Self {
        Self { id, count }
    }
    pub fn add(&mut self, amount: i64) -> i64 {
        self.count += amount;
        self.count
    }
    pub async fn drain(&mut self, into: Ref<Counter>) -> i64 {
        let total = into.add(self.count).await;
        self.count = 0;
        total
    }
}
"#;

fn printed(stage: &str) -> String {
    thalweg_compiler::print(stage, COUNTER).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_stage_of_a_counter() {
    for stage in ["cfg", "live", "machine", "rust"] {
        insta::assert_snapshot!(format!("counter_{stage}"), printed(stage));
    }
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    assert_eq!(printed("rust"), printed("rust"));
}

#[test]
fn an_unknown_stage_is_refused_by_name() {
    let error = thalweg_compiler::print("assembly", COUNTER).expect_err("there is no such stage");
    assert!(error.to_string().contains("`assembly`"), "{error}");
}
