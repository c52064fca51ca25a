//! What a call will touch, as far as its plan and its arguments say.
use crate::base::ids::MethodId;
use crate::base::location::Location;
use crate::base::ticket::Ticket;
use crate::entity::call::Call;
use crate::entity::traits::Method;
use crate::entity::visit::ValueVisitor;
use crate::methods::table::{Methods, Planned};
use thalweg_graph::Access;

/// Collects the tickets of a call, unless its plan is dynamic.
pub(crate) fn tickets<M: Method>(
    methods: &Methods,
    id: MethodId,
    call: &Call<M>,
    root: Location,
    peers: usize,
    into: &mut Vec<Ticket>,
) -> Planned {
    if M::BUILT_IN {
        into.push(Ticket::new(root, M::ACCESS != Access::Read));
        return Planned::Surely;
    }
    let Some((own, parameters)) = methods.static_plan(id) else { return Planned::Dynamic };
    into.push(Ticket::new(root, own != Access::Read));
    if parameters.is_empty() {
        return Planned::Surely;
    }
    let wanted = |place| parameters.iter().any(|(known, ..)| *known == place);
    let mut found = |place, location: Location| {
        let named = parameters.iter().find(|named| named.0 == place && named.1 == location.class);
        into.extend(named.map(|(.., write)| Ticket::new(location, *write)));
    };
    M::visit(&call.args, &mut ValueVisitor::new(peers, &wanted, &mut found));
    Planned::Presumably
}
