//! Requests with an id on their way in; see [`crate::egress::ids`].
use crate::app::handle::Handle;
use crate::app::running::Running;
use crate::base::error::Error;
use crate::base::guard::{caught, discard};
use crate::base::ids::MethodId;
use crate::base::room::Room;
use crate::codec::encode;
use crate::egress::ids::{Claim, IdKey, Remembered, Told};
use crate::egress::outcome::Outcome;
use crate::entity::call::Call;
use crate::entity::run::shipped::read_output;
use crate::entity::traits::Method;
use crate::request::batch::{Batch, Calls};
use crate::request::data::Request;
use crate::request::encoded::{Encoded, body_hash};
use crate::request::ingress::Submission;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Handle {
    /// Asks for a call with an id.
    pub(super) fn ask_once<M: Method>(
        &self,
        method: MethodId,
        call: Call<M>,
        id: &str,
        room: Room,
    ) -> Result<oneshot::Receiver<Outcome<M::Output>>, Error> {
        let (sender, reply) = oneshot::channel();
        let told = move |outcome: &Remembered| {
            // Reading an answer is user code.
            let read = |bytes: Arc<[u8]>| caught(|| read_output::<M>(&bytes)).flatten();
            discard(sender.send(outcome.clone().and_then(read).map_err(Box::new)));
        };
        self.enter_once(method, Batch::one(call), id, Box::new(told), room)?;
        Ok(reply)
    }

    /// Lets a request with an id into the queue, unless it has been there.
    pub(super) fn enter_once(
        &self,
        method: MethodId,
        mut calls: Box<dyn Calls>,
        id: &str,
        told: Told,
        room: Room,
    ) -> Result<(), Error> {
        let Running { ingress, journal, methods, calls: known, clock, .. } = &*self.running;
        self.running.may_call(method)?;
        let logged = calls.log(known)?;
        let instance = known.get(logged.instance);
        let (entity, name) = methods.name(method.number());
        let scope = encode(&(entity, name, &logged.bytes[..logged.key_end], id));
        let with_id = (IdKey::from(scope), body_hash(&instance, &logged.bytes));
        let calls = Encoded::read(instance, &logged.bytes, 1, true, &[])?;
        let ids = &ingress.egress().ids;
        let claim = ids.claim((&with_id.0, with_id.1), clock.last(), told, (room, || ingress.ended()))?;
        if claim == Claim::Known {
            return Ok(());
        }
        let logged = journal.is_some().then_some(logged);
        let request = Request::new(None, method, calls).with_bytes(logged).remembered(Some(with_id.clone()));
        let entered = ingress.push(self.worker, || self.next_ids(1), Submission::Transactions(request));
        entered.inspect_err(|error| ids.refused(&with_id.0, error))
    }
}
