//! The two legs of a transfer at the owners of its accounts: debit, and through a loop of the dataflow, credit.
use super::message::{Ack, Credit, Debit};
use crate::input::Owner;
use ::timely::container::CapacityContainerBuilder;
use ::timely::dataflow::channels::pact::Exchange;
use ::timely::dataflow::operators::generic::OutputBuilder;
use ::timely::dataflow::operators::generic::builder_rc::OperatorBuilder;
use ::timely::dataflow::operators::{Capability, ConnectLoop, Feedback, InputCapability};
use ::timely::dataflow::{Scope, Stream};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A credit is applied so many epochs after its debit. It is the summary of the loop, so that the frontier tells when
/// the credits of an epoch are complete, while the debits of the epochs between go on.
pub const DELAY: u64 = 3;

/// The accounts of one worker.
///
/// The hash map is std's with rustc's Fx hash: the keys are small, dense and from no enemy, so one multiplication is
/// hash enough, and std's SipHash would cost more than the transfer. A `Vec` would be faster still but would make use
/// of the keys being dense, which (a) and (c) do not.
pub type Accounts = FxHashMap<u32, i64>;

/// Output with the default container.
type Output<M> = OutputBuilder<u64, CapacityContainerBuilder<Vec<M>>>;

/// What has arrived for an epoch, container by container.
struct Epoch {
    debits: Vec<Vec<Debit>>,
    credits: Vec<Vec<Credit>>,
    to_credit: Capability<u64>,
    to_ack: Capability<u64>,
}

impl Epoch {
    fn new(input: &InputCapability<u64>, time: u64) -> Self {
        let (to_credit, to_ack) = (input.delayed(&time, 0), input.delayed(&time, 1));
        Self { debits: Vec::new(), credits: Vec::new(), to_credit, to_ack }
    }

    /// Credits come first: what has arrived can be spent.
    ///
    /// A container holds messages of one sender in the order it sent them, so sorting the few containers orders all.
    fn credit(&mut self, accounts: &mut Accounts, acks: &mut Output<Ack>) {
        self.credits.sort_unstable_by_key(|batch| batch.first().map(|credit| (credit.payer, credit.number)));
        let mut output = acks.activate();
        let mut session = output.session(&self.to_ack);
        session.give_iterator(self.credits.iter().flatten().map(|credit| {
            *accounts.entry(credit.to).or_default() += credit.amount;
            Ack { number: credit.number, entry: credit.entry, result: Ok(()) }
        }));
    }

    /// Debits come in input order; who has too little is refused, and the request answered from here.
    fn debit(
        &mut self,
        accounts: &mut Accounts,
        payer: u32,
        credits: &mut Output<Credit>,
        acks: &mut Output<Ack>,
    ) {
        self.debits.sort_unstable_by_key(|batch| batch.first().map(|debit| debit.number));
        let mut refused = Vec::new();
        let mut output = credits.activate();
        let mut session = output.session(&self.to_credit);
        session.give_iterator(self.debits.iter().flatten().filter_map(|debit| {
            let &Debit { number, entry, from, to, amount } = debit;
            let held = accounts.get_mut(&from);
            match held {
                Some(balance) if *balance >= amount => {
                    *balance -= amount;
                    Some(Credit { number, entry, payer, to, amount })
                }
                held => {
                    let held = held.map_or(0, |balance| *balance);
                    refused.push(Ack { number, entry, result: Err(held) });
                    None
                }
            }
        }));
        acks.activate().session(&self.to_ack).give_iterator(refused.into_iter());
    }
}

/// Applies both legs at the owners of the accounts; the answers come out where the last leg was.
pub fn legs<'s>(
    scope: Scope<'s, u64>,
    debits: Stream<'s, u64, Vec<Debit>>,
    owner: Owner,
    accounts: Rc<RefCell<Accounts>>,
) -> Stream<'s, u64, Vec<Ack>> {
    let (payer, workers) = (scope.index() as u32, scope.peers());
    let place = move |key: u32| owner(key.into(), workers) as u64;
    let (back, credits) = scope.feedback::<Vec<Credit>>(DELAY);
    let mut builder = OperatorBuilder::new("legs".to_owned(), scope);
    let mut debits = builder.new_input(debits, Exchange::new(move |debit: &Debit| place(debit.from)));
    let mut credits = builder.new_input(credits, Exchange::new(move |credit: &Credit| place(credit.to)));
    let (to_credit, credited) = builder.new_output();
    let (to_ack, answers) = builder.new_output();
    let (mut to_credit, mut to_ack) = (OutputBuilder::from(to_credit), OutputBuilder::from(to_ack));
    builder.build(move |_| {
        let mut epochs: BTreeMap<u64, Epoch> = BTreeMap::new();
        move |frontiers| {
            debits.for_each(|input, batch| {
                let Some(&time) = input.least() else { return };
                let epoch = epochs.entry(time).or_insert_with(|| Epoch::new(&input, time));
                epoch.debits.push(std::mem::take(batch));
            });
            credits.for_each(|input, batch| {
                let Some(&time) = input.least() else { return };
                let epoch = epochs.entry(time).or_insert_with(|| Epoch::new(&input, time));
                epoch.credits.push(std::mem::take(batch));
            });
            let accounts = &mut *accounts.borrow_mut();
            while let Some(mut first) = epochs.first_entry()
                && frontiers.iter().all(|frontier| !frontier.less_equal(first.key()))
            {
                first.get_mut().credit(accounts, &mut to_ack);
                first.get_mut().debit(accounts, payer, &mut to_credit, &mut to_ack);
                first.remove();
            }
        }
    });
    credited.connect_loop(back);
    answers
}
