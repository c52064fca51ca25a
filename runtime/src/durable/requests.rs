//! Requests of the log, with the names and types of this program.
use crate::base::ambient::TransactionId;
use crate::base::error::{Error, Result};
use crate::base::ids::MethodId;
use crate::base::storage_fault::StorageFault;
use crate::durable::record::LoggedRequest;
use crate::durable::recovery::{Recovering, broken};
use crate::egress::ids::IdKey;
use crate::egress::verdict::Difference;
use crate::entity::run::shipped::Instance;
use crate::methods::table::Methods;
use crate::request::data::Request;
use crate::request::encoded::{Encoded, body_hash};
use crate::request::ingress::{Submission, Submitted};
use std::collections::BTreeMap;

/// What a transaction of an epoch is called.
pub(super) fn name_in(epoch: u64, requests: &[Submitted], id: TransactionId, methods: &Methods) -> String {
    let mut before = 0;
    for submitted in requests {
        let (first, calls) = (submitted.id, submitted.work.len() as u64);
        let own = (first.run, first.handle) == (id.run, id.handle);
        if let (Submission::Transactions(request), Some(index)) =
            (&submitted.work, id.number.checked_sub(first.number))
            && own
            && index < calls
        {
            let (entity, method) = methods.name(request.method().number());
            return format!("{epoch}.{} (`{entity}::{method}`)", before + index);
        }
        before += calls;
    }
    format!("a transaction of another epoch ({id})")
}

/// A request of the log. These of its calls, by their indices, are not executed.
///
/// # Errors
/// When the program does not have its method, or cannot read it.
pub(super) fn read_request(
    app: &Recovering<'_>,
    methods: &[Result<Instance, String>],
    (request, skipped): (LoggedRequest<'_>, &[usize]),
) -> Result<Submitted> {
    let LoggedRequest { method, first, calls, bytes, id } = request;
    let known = usize::try_from(method).ok().and_then(|method| methods.get(method));
    let instance = match known {
        Some(Ok(instance)) => *instance,
        Some(Err(name)) => {
            return Err(Error::storage(
                StorageFault::Program,
                format_args!(
                    "the log has a call of `{name}`, which is not part of this program; start the program that wrote it once \
                 more and stop it, which drains the log"
                ),
            ));
        }
        None => return Err(broken("a call of a method that has no name")),
    };
    let calls = Encoded::read(instance, bytes, calls, id.is_some(), skipped)?;
    if id.is_some() && calls.len() != 1 {
        return Err(broken("an id stands for several calls"));
    }
    let with_id = id.map(|id| (IdKey::from(id), body_hash(&instance, bytes)));
    let method = app.methods.find(instance.ty, instance.class, instance.method);
    let method = method.unwrap_or_else(|| unreachable!("a method that was reached is in the table"));
    Ok(Submitted {
        id: first,
        work: Submission::Transactions(Request::new(None, method, calls).remembered(with_id)),
    })
}

/// What is said of a transaction that came out in another way; these classes have changed.
pub(super) fn diverged(
    Difference { epoch, transaction, recorded, replayed }: Difference,
    called: &BTreeMap<u64, Vec<(MethodId, u64)>>,
    methods: &Methods,
    changed: Vec<String>,
) -> Error {
    let mut end = 0;
    let method = called.get(&epoch).into_iter().flatten().find(|(_, calls)| {
        end += calls;
        transaction < end
    });
    let method = method.map_or_else(String::new, |(method, _)| {
        let (entity, method) = methods.name(method.number());
        format!("{entity}::{method}")
    });
    let (recorded, replayed) = (recorded.to_owned(), replayed.to_owned());
    Error::Diverged { epoch, transaction, method, recorded, replayed, changed }
}
