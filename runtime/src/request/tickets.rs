//! What a call will touch, as far as its plan and its arguments say.
use crate::base::ids::MethodId;
use crate::base::location::Location;
use crate::base::ticket::Ticket;
use crate::entity::call::Call;
use crate::entity::traits::{Entity, Method};
use crate::entity::visit::{Found, ValueVisitor, WithKeys};
use crate::methods::table::{Computed, Methods, Planned, Relies};
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
    let Some(plan) = methods.static_plan(id) else { return Planned::Dynamic };
    into.push(Ticket::new(root, plan.own != Access::Read));
    if plan.parameters.is_empty() && plan.computed.is_empty() {
        return Planned::Surely;
    }
    for computed in plan.computed.iter().filter(|computed| computed.parameter.is_none()) {
        let mut add = |location: Location| add(computed, location, into);
        match computed.keys {
            Some(keys) => keys(computed.number, &call.key, peers, &mut add),
            None => {
                let mut each = |_, found: Found<'_>| add(found.location);
                let visitor = &mut ValueVisitor::new(peers, &|_| true, &mut each);
                M::computed(computed.number, &call.key, Some(&call.args), visitor);
            }
        }
    }
    let of_references = || plan.computed.iter().filter_map(|it| Some((it.parameter?, it.keys?, it)));
    let wanted = |place| {
        plan.parameters.iter().any(|(known, ..)| *known == place)
            || of_references().any(|((known, _), ..)| known == place)
    };
    let mut found = |place, Found { location, key }: Found<'_>| {
        let named = plan.parameters.iter().find(|named| named.0 == place && named.1 == location.class);
        into.extend(named.map(|(.., write)| Ticket::new(location, *write)));
        for (_, keys, computed) in of_references().filter(|(of, ..)| *of == (place, location.class)) {
            let Some(key) = key else {
                unreachable!("keys are asked for where something is computed of them")
            };
            keys(computed.number, key, peers, &mut |location| add(computed, location, into));
        }
    };
    let _with_keys = of_references().next().map(|_| WithKeys::new());
    M::visit(&call.args, &mut ValueVisitor::new(peers, &wanted, &mut found));
    let Relies { presumed, parameters, key } = plan.relies;
    let plain = M::plain_parameters() & parameters == parameters && (!key || M::Entity::plain_key());
    if plain && !presumed { Planned::Surely } else { Planned::Presumably }
}

/// A ticket for an entity that is computed; what is computed may be of another class, where the types decide.
fn add(computed: &Computed, location: Location, into: &mut Vec<Ticket>) {
    if location.class == computed.class {
        into.push(Ticket::new(location, computed.write));
    }
}
