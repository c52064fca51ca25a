//! Calls by name: what HTTP, a command line or a page makes of a request.
use crate::app::handle::Handle;
use crate::base::error::Error;
use crate::base::thread::may_block;
use crate::base::waker::block_on;
use crate::egress::ids::Remembered;
use crate::egress::reply::Reply;
use crate::program::catalog::{MethodInfo, NamedCall, ReadCall};
use serde_json::Value;
use tokio::sync::oneshot;

impl Handle {
    /// What can be called: every method with its parameters and its access plan, by entity, then by name.
    ///
    /// Those that cannot be called by name, because they are generic or private or their class is not exposed, are among
    /// them and say so.
    pub fn methods(&self) -> Vec<MethodInfo> {
        self.running.outline.catalog.methods().cloned().collect()
    }

    /// As [`Handle::call`], with everything by name and as JSON: the class of the entity, its key, the method, and an
    /// object of the arguments by the names of the parameters. An argument that is an `Option` may be left out. The class is
    /// one that the app exposes: [`App::expose`](crate::App::expose).
    ///
    /// `Ok(Ok(_))` is the result, without the `Ok` of one that is a `Result`; `Ok(Err(_))` is the method's own `Err`.
    ///
    /// ```
    /// # use thalweg::prelude::*;
    /// # #[entity(auto)]
    /// # pub struct Counter { #[key] name: String, n: i64 }
    /// # #[entity]
    /// # impl Counter {
    /// #     pub fn new(name: String) -> Self { Self { name, n: 0 } }
    /// #     pub fn add(&mut self, by: i64) -> Result<i64, String> {
    /// #         self.n = self.n.checked_add(by).ok_or("too many")?;
    /// #         Ok(self.n)
    /// #     }
    /// # }
    /// # fn main() -> Result<(), thalweg::Error> {
    /// # let app = App::new("counters").expose::<Counter>().start()?;
    /// use serde_json::json;
    ///
    /// // pub fn add(&mut self, by: i64) -> Result<i64, String>
    /// let added = app.invoke_blocking("Counter", &json!("visits"), "add", &json!({ "by": 2 }))?;
    /// assert_eq!(added, Ok(json!(2)));
    /// let added = app.invoke_blocking("Counter", &json!("visits"), "add", &json!({ "by": i64::MAX }))?;
    /// assert_eq!(added, Err(json!("too many")));
    /// let wrong = app.invoke_blocking("Counter", &json!("visits"), "add", &json!({ "by": "two" }));
    /// assert!(matches!(wrong, Err(thalweg::Error::BadArgument { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownEntity`], [`Error::UnknownMethod`], [`Error::NotByName`], [`Error::BadKey`] and
    /// [`Error::BadArgument`] when there is no such call; otherwise as [`Handle::call`].
    pub async fn invoke(
        &self,
        entity: &str,
        key: &Value,
        method: &str,
        args: &Value,
    ) -> Result<Result<Value, Value>, Error> {
        let NamedCall { method, call } = self.running.outline.catalog.call(entity, key, method, args)?;
        let room = self.room_in_time("Handle::invoke", call.size).await?;
        let (waiting, answer) = call.waiting(room);
        self.enter(method, call.calls, waiting)?;
        Reply::new(answer).await?.into_json()
    }

    /// As [`Handle::invoke`], with an id: see [`Call::with_id`](crate::Call::with_id). By name and from Rust it is the same
    /// request.
    ///
    /// # Errors
    /// As [`Handle::invoke`], [`Error::IdReused`] and [`Error::TooManyIds`].
    pub async fn invoke_with_id(
        &self,
        entity: &str,
        key: &Value,
        method: &str,
        args: &Value,
        id: &str,
    ) -> Result<Result<Value, Value>, Error> {
        let NamedCall { method, call } = self.running.outline.catalog.call(entity, key, method, args)?;
        let room = self.room_in_time("Handle::invoke_with_id", call.size).await?;
        let ReadCall { calls, shown_bytes, .. } = call;
        let (sender, answer) = oneshot::channel();
        let told = move |outcome: &Remembered| {
            let shown = outcome.clone().and_then(|bytes| shown_bytes(&bytes));
            // Whoever asked may have gone.
            let _ = sender.send(shown.map_err(Box::new));
        };
        self.enter_once(method, calls, id, Box::new(told), room)?;
        Reply::new(answer).await?.into_json()
    }

    /// As [`Handle::invoke`], from code that is not async; blocks the thread.
    ///
    /// # Errors
    /// As [`Handle::invoke`]. [`Error::InsideTransaction`] in a method of an entity.
    pub fn invoke_blocking(
        &self,
        entity: &str,
        key: &Value,
        method: &str,
        args: &Value,
    ) -> Result<Result<Value, Value>, Error> {
        may_block("Handle::invoke_blocking")?;
        block_on(self.invoke(entity, key, method, args))
    }
}
