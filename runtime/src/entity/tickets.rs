//! What a call will touch, as far as its plan and its arguments say.
use crate::base::guard::caught;
use crate::base::ids::MethodId;
use crate::base::location::Location;
use crate::base::ticket::Ticket;
use crate::entity::call::Call;
use crate::entity::traits::{Entity, Method};
use crate::entity::visit::{self, Found, Searched, ValueVisitor, WithKeys};
use crate::methods::table::{Computed, Methods, Planned, Relies};
use thalweg_graph::Access;

/// The worker that owns the root of a call, and its tickets. It is dynamic, too, when its arguments panic while they are
/// looked at: they do so again where that is answered.
pub(crate) fn plan<M: Method>(
    call: &Call<M>,
    method: MethodId,
    methods: &Methods,
    peers: usize,
    into: &mut Vec<Ticket>,
) -> (usize, Planned) {
    let mut root = 0;
    // How a key is hashed and how an argument is serialised is user code.
    let planned = caught(|| {
        let at = Location::of::<M::Entity>(&call.key, peers);
        root = at.owner;
        tickets(methods, method, call, at, peers, into)
    });
    visit::reset();
    (root, planned.unwrap_or(Planned::Dynamic))
}

/// Collects the tickets of a call, unless its plan is dynamic.
fn tickets<M: Method>(
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
    let start = into.len();
    into.push(Ticket::new(root, plan.own != Access::Read));
    let Relies { presumed, parameters, key } = plan.relies;
    if plan.parameters.is_empty() && plan.computed.is_empty() {
        return if presumed { Planned::Presumably } else { Planned::Surely };
    }
    let (mut sure, mut endless) = (!presumed, false);
    for computed in plan.computed.iter().filter(|computed| computed.parameter.is_none()) {
        let mut as_planned = true;
        let mut add = |location: Location| as_planned &= add(computed, location, into);
        match computed.keys {
            Some(keys) => {
                endless |= !keys(computed.number, &call.key, peers, &mut add);
                as_planned = false; // how it went there is not asked
            }
            None => {
                let mut each = |_, found: Found<'_>| add(found.location);
                let mut visitor = ValueVisitor::new(peers, &|_| true, &mut each);
                M::computed(computed.number, &call.key, Some(&call.args), &mut visitor);
                let outcome = visitor.outcome();
                as_planned &= outcome == Searched::All;
                endless |= outcome == Searched::Endless;
            }
        }
        sure &= as_planned;
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
            endless |= !keys(computed.number, key, peers, &mut |location| _ = add(computed, location, into));
        }
    };
    let with_keys = of_references().next().map(|_| WithKeys::new());
    M::visit(&call.args, &mut ValueVisitor::new(peers, &wanted, &mut found));
    drop(with_keys);
    if endless {
        into.truncate(start);
        return Planned::Dynamic;
    }
    let known = M::known_parameters();
    let plain = known.plain & parameters == parameters && (!key || M::Entity::plain_key());
    // What was taken for a reference by the name of a method may be another type of std's, with a method of the user's.
    let holds = plan.parameters.iter().all(|(place, ..)| *place < 64 && known.holds >> place & 1 == 1);
    if sure && plain && holds { Planned::Surely } else { Planned::Presumably }
}

/// A ticket for an entity that is computed; `false` for one of another class, where the types decide.
fn add(computed: &Computed, location: Location, into: &mut Vec<Ticket>) -> bool {
    let known = location.class == computed.class;
    if known {
        into.push(Ticket::new(location, computed.write));
    }
    known
}
