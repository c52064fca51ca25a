//! Calls by name: what is called over JSON does what the typed call does, and what does not fit says where.
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::IpAddr;
use thalweg::graph::{Access, AccessPlan};
use thalweg::prelude::*;
use thalweg::{Error, MethodInfo};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    item: String,
    quantity: u32,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Way {
    Pickup,
    Parcel { weight: f64 },
    Letter(u8, u8),
}

/// A type whose `Deserialize` panics.
#[derive(Clone, Serialize)]
pub struct Mine;
impl<'de> Deserialize<'de> for Mine {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("stepped on")
    }
}

#[entity]
pub struct Order {
    #[key]
    id: (String, u32),
    lines: Vec<Line>,
    seen: Vec<String>,
}

#[entity]
impl Order {
    pub fn open(id: (String, u32), lines: Vec<Line>) -> Result<Self, String> {
        if lines.is_empty() {
            return Err("nothing is ordered".into());
        }
        Ok(Self { id, lines, seen: vec![] })
    }
    pub fn add(&mut self, line: Line, times: Option<u32>) -> usize {
        (0..times.unwrap_or(1)).for_each(|_| self.lines.push(line.clone()));
        self.lines.len()
    }
    pub fn total(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }
    pub fn lines(&self) -> Vec<Line> {
        self.lines.clone()
    }
    pub fn send(&mut self, way: Way) -> Way {
        self.seen.push(format!("{way:?}"));
        way
    }
    pub fn odds(
        &mut self,
        by_number: BTreeMap<u32, (i64, char)>,
        wide: u128,
        from: IpAddr,
        flags: BTreeMap<bool, Option<()>>,
        (a, b): (u8, u8),
    ) -> (BTreeMap<u32, (i64, char)>, u128, IpAddr, BTreeMap<bool, Option<()>>, u8) {
        self.seen.push(String::new());
        (by_number, wide, from, flags, a + b)
    }
    pub async fn merge(&mut self, other: Ref<Order>, mut limit: usize) -> Result<usize, String> {
        let more = other.lines().await;
        limit -= limit.min(self.lines.len());
        if more.len() > limit {
            return Err(format!("{} are too many", more.len()));
        }
        self.lines.extend(more);
        Ok(self.lines.len())
    }
    pub fn same<T: Clone + 'static>(&self, value: T) -> T
    where
        T: Serialize + serde::de::DeserializeOwned + Send,
    {
        let _ = self.lines.len();
        value
    }
    pub fn mine(&self, mine: Mine) {
        let _ = (self.lines.len(), mine);
    }
    async fn hidden(&self) -> usize {
        self.lines.len()
    }
    pub async fn shown(&self) -> usize {
        self.hidden().await
    }
}

fn key(number: u32) -> Value {
    json!(["shop", number])
}

fn line(item: &str, quantity: u32) -> Value {
    json!({ "item": item, "quantity": quantity })
}

fn app(workers: usize) -> Handle {
    App::new("orders").expose::<Order>().workers(workers).start().unwrap()
}

fn ask(app: &Handle, number: u32, method: &str, args: &Value) -> Result<Result<Value, Value>, Error> {
    app.invoke_blocking("Order", &key(number), method, args)
}

#[test]
fn by_name_is_as_by_type() {
    for workers in [1, 2, 4] {
        let app = app(workers);
        let open =
            |number, lines| ask(&app, number, "open", &json!({ "id": ["shop", number], "lines": lines }));
        assert_eq!(open(1, json!([line("tea", 2), line("salt", 1)])), Ok(Ok(Value::Null)));
        assert_eq!(open(2, json!([line("rice", 7)])), Ok(Ok(Value::Null)));
        assert_eq!(open(3, json!([])), Ok(Err(json!("nothing is ordered"))));
        assert!(matches!(open(1, json!([line("tea", 2)])), Err(Error::AlreadyExists { .. })));

        let add = json!({ "line": line("tea", 3), "times": 2 });
        assert_eq!(ask(&app, 1, "add", &add), Ok(Ok(json!(4))));
        assert_eq!(
            ask(&app, 1, "add", &json!({ "line": line("jam", 1) })),
            Ok(Ok(json!(5))),
            "an option left out"
        );
        assert_eq!(ask(&app, 1, "add", &json!({ "line": line("jam", 1), "times": null })), Ok(Ok(json!(6))));
        assert_eq!(ask(&app, 1, "total", &Value::Null), Ok(Ok(json!(11))));

        // A reference is a key.
        let merged = ask(&app, 1, "merge", &json!({ "other": key(2), "limit": 7 }));
        assert_eq!(merged, Ok(Ok(json!(7))));
        let merged = ask(&app, 1, "merge", &json!({ "limit": 7, "other": key(2) }));
        assert_eq!(merged, Ok(Err(json!("1 are too many"))));
        assert_eq!(ask(&app, 1, "shown", &json!({})), Ok(Ok(json!(7))));

        let typed = app.call_blocking(Order::at(("shop".into(), 1)).lines()).unwrap();
        assert_eq!(ask(&app, 1, "lines", &json!({})), Ok(Ok(serde_json::to_value(typed).unwrap())));
        assert_eq!(ask(&app, 2, "exists", &json!({})), Ok(Ok(json!(true))));
        assert_eq!(ask(&app, 2, "remove", &json!({})), Ok(Ok(json!(true))));
        assert_eq!(ask(&app, 2, "exists", &json!({})), Ok(Ok(json!(false))));
        assert!(matches!(ask(&app, 2, "total", &json!({})), Err(Error::Missing { .. })));
        assert_eq!(app.counts().aborted, 4);
    }
}

#[test]
fn values_of_every_kind_come_through_json() {
    let app = app(1);
    ask(&app, 1, "open", &json!({ "id": key(1), "lines": [line("tea", 1)] })).unwrap().unwrap();
    for way in [Way::Pickup, Way::Parcel { weight: 2.5 }, Way::Letter(1, 2)] {
        let way = serde_json::to_value(way).unwrap();
        assert_eq!(ask(&app, 1, "send", &json!({ "way": way })), Ok(Ok(way)));
    }
    assert_eq!(
        ask(&app, 1, "send", &json!({ "way": { "Parcel": { "weight": 2 } } })),
        Ok(Ok(json!({ "Parcel": { "weight": 2.0 } })))
    );
    let odds = json!({
        "by_number": { "7": [-1, "x"], "8": [2, "ß"] },
        "wide": u128::MAX.to_string(),
        "from": "127.0.0.1",
        "flags": { "true": null },
        "argument_5": [1, 2],
    });
    let expected =
        json!([{ "7": [-1, "x"], "8": [2, "ß"] }, u128::MAX.to_string(), "127.0.0.1", { "true": null }, 3]);
    assert_eq!(ask(&app, 1, "odds", &odds), Ok(Ok(expected)));
}

#[test]
fn what_does_not_fit_says_where() {
    let app = app(2);
    let said = |method: &str, args: Value| ask(&app, 1, method, &args).unwrap_err().to_string();
    let no = "`Order::open` does not take these arguments: ";
    let lines = json!([line("a", 1), line("b", 1), line("c", 1), { "item": "d", "quantity": "four" }]);
    assert_eq!(
        said("open", json!({ "id": key(1), "lines": lines })),
        format!("{no}lines[3].quantity: invalid type: string \"four\", expected u32")
    );
    assert_eq!(
        said("open", json!({ "id": key(1), "lines": [{ "item": "d", "quantity": -1 }] })),
        format!("{no}lines[0].quantity: invalid value: integer `-1`, expected u32")
    );
    assert_eq!(
        said("open", json!({ "id": key(1), "lines": [{ "item": "d" }] })),
        format!("{no}lines[0]: missing field `quantity`")
    );
    assert_eq!(said("open", json!({ "id": key(1) })), format!("{no}`lines` is missing: Vec<Line>"));
    assert_eq!(
        said("open", json!({ "id": key(1), "line": [] })),
        format!("{no}`line` is not among its parameters; it has `id`, `lines`")
    );
    assert_eq!(said("open", json!([1])), format!("{no}the arguments are an object with their names"));
    assert_eq!(
        said("total", json!({ "x": 1 })),
        "`Order::total` does not take these arguments: `x` is not among its parameters; it has no parameters"
    );
    let odd = json!({ "by_number": { "seven": [1, "x"] }, "wide": 1, "from": "::1", "flags": {}, "argument_5": [1, 2] });
    assert_eq!(
        said("odds", odd),
        "`Order::odds` does not take these arguments: by_number.seven: invalid type: string \"seven\", expected u32"
    );
    assert_eq!(said("mine", json!({ "mine": 1 })), "a method panicked: stepped on");

    let wrong = app.invoke_blocking("Order", &json!(["shop", "one"]), "total", &json!({}));
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "this is no key of `Order`: key[1]: invalid type: string \"one\", expected u32"
    );
    let wrong = app.invoke_blocking("order", &key(1), "total", &json!({}));
    assert_eq!(wrong.unwrap_err().to_string(), "there is no entity `order`; the app has `Order`");
    assert_eq!(
        said("sum", json!({})),
        "`Order` has no method `sum`; it has `add`, `exists`, `lines`, `merge`, `mine`, `odds`, `open`, `remove`, \
         `send`, `shown`, `total`"
    );
    assert_eq!(said("hidden", json!({})), "`Order::hidden` cannot be called by name: it is not `pub`");
    assert_eq!(
        said("same", json!({ "value": 1 })),
        "`Order::same` cannot be called by name: it is generic, and nothing tells its types"
    );
    assert_eq!(app.counts().committed + app.counts().aborted, 0, "none of them is a transaction");
}

#[test]
fn every_method_is_described() {
    let methods = app(1).methods();
    let find = |name: &str| -> &MethodInfo { methods.iter().find(|info| info.method == name).unwrap() };
    let merge = find("merge");
    let shown = |info: &MethodInfo| -> Vec<String> {
        info.parameters.iter().map(|parameter| format!("{}: {}", parameter.name, parameter.ty)).collect()
    };
    assert_eq!(
        (merge.entity.as_str(), merge.key.name.as_str(), merge.access),
        ("Order", "id", Access::Write)
    );
    assert_eq!(shown(merge), ["other: Ref<Order>", "limit: usize"]);
    assert_eq!(merge.output, "Result<usize, String>");
    assert!(matches!(merge.plan, AccessPlan::Static(_)) && merge.not_by_name.is_none());
    assert_eq!(shown(find("odds")).last().unwrap(), "argument_5: (u8, u8)");
    assert!(find("same").not_by_name.is_some() && find("hidden").not_by_name.is_some());
    assert_eq!((find("remove").access, find("remove").output.as_str()), (Access::Create, "bool"));
    let names: Vec<_> = methods.iter().map(|info| info.method.as_str()).collect();
    assert!(names.is_sorted() && names.len() == 13, "{names:?}");
}

#[tokio::test]
async fn it_is_a_future_on_any_thread() {
    let app = app(2);
    let asked = tokio::spawn(async move {
        let open = json!({ "id": key(1), "lines": [line("tea", 1)] });
        app.invoke("Order", &key(1), "open", &open).await?.unwrap();
        app.invoke("Order", &key(1), "total", &json!({})).await
    });
    assert_eq!(asked.await.unwrap(), Ok(Ok(json!(1))));
}

#[test]
fn what_is_not_exposed_is_not_called() {
    let app = App::new("orders").entity::<Order>().start().unwrap();
    let asked = ask(&app, 1, "total", &json!({})).unwrap_err().to_string();
    assert_eq!(
        asked,
        "`Order::total` cannot be called by name: its class is not exposed; let the app have it with `App::expose`"
    );
    assert!(app.methods().iter().all(|info| info.not_by_name.is_some()));
}
