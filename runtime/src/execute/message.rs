//! What workers send each other while they execute.
use crate::base::ambient::Ambient;
use crate::base::emitted::Emitted;
use crate::base::error::{Error, Result};
use crate::base::ids::{Time, TxnId};
use crate::base::ticket::{Share, Ticket};
use crate::entity::run::outgoing::{Demand, OutgoingCall};
use crate::entity::run::task::Payload;
use crate::state::loan::Loans;

/// From `execute` to `execute`.
pub(crate) enum Message {
    /// A call to an entity of another worker.
    Call(Box<CallMessage>),
    /// Its result.
    Result(Box<ReturnMessage>),
    /// A one-way call has been carried out, with what the transaction has emitted there, or has failed.
    Ack { txn: TxnId, number: u32, result: Result<Option<Box<Emitted>>> },
    /// A worker lends what the transaction needs of it.
    Grant { txn: TxnId, loans: Loans },
    /// A transaction that has this worker whole, or a scout, needs what was not lent beforehand.
    Demand { txn: TxnId, from: Waits, demand: Demand },
    /// What was demanded: for a scout copies.
    Lent(Box<LentMessage>),
    /// The transaction is over at its home, and gives back what it was lent to write.
    Return { txn: TxnId, loans: Loans },
    /// The transaction is over.
    End { txn: TxnId, commit: bool },
    /// What a scout found: the tickets of a dynamic transaction at this worker, or all of it.
    Scouted { txn: TxnId, own: Box<Own> },
    /// The transaction touched what its scout had not: it is in the tail, and this worker is needed whole.
    Mispredicted { txn: TxnId, own: Box<Own> },
}

/// What waits for a message: the worker, the task there, and the number of the call or demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) worker: u32,
    pub(crate) task: u32,
    pub(crate) number: u32,
}

/// See [`Message::Lent`].
pub(crate) struct LentMessage {
    pub(crate) txn: TxnId,
    pub(crate) to: Waits,
    pub(crate) loans: Result<Loans>,
}

/// See [`Message::Call`].
pub(crate) struct CallMessage {
    pub(crate) txn: TxnId,
    pub(crate) from: Waits,
    /// Sequence number: the call is applied after that many one-way calls that `from` has sent here for the transaction.
    pub(crate) after: u32,
    pub(crate) ambient: Ambient,
    pub(crate) outgoing: OutgoingCall,
}

/// What a dynamic transaction has at a worker, as far as a scout could tell.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) share: Share,
    pub(crate) tickets: Vec<Ticket>,
    /// Its home in the worker's group; `None` where that is the worker itself.
    pub(crate) home: Option<u16>,
    /// If this is its home, those in other groups.
    pub(crate) others: Vec<u32>,
    /// If this is its home, and it has workers whole, the others of the group.
    pub(crate) lenders: Vec<u16>,
}

impl Own {
    /// These tickets.
    pub(crate) fn tickets(tickets: Vec<Ticket>, home: Option<u16>) -> Self {
        Self { share: Share::Tickets, tickets, home, others: Vec::new(), lenders: Vec::new() }
    }

    /// All of the worker.
    pub(crate) fn whole(home: Option<u16>) -> Self {
        Self { share: Share::Whole, ..Self::tickets(Vec::new(), home) }
    }

    /// All of these workers.
    pub(crate) fn wholes(homes: &[(u16, Vec<u16>)]) -> Vec<(u32, Self)> {
        let mut all = Vec::new();
        for (home, workers) in homes {
            let others = homes.iter().map(|(other, _)| other).filter(|other| *other != home);
            let lenders: Vec<u16> = workers.iter().copied().filter(|worker| worker != home).collect();
            all.extend(lenders.iter().map(|lender| (u32::from(*lender), Self::whole(Some(*home)))));
            let others = others.map(|other| u32::from(*other)).collect();
            all.push((u32::from(*home), Self { others, lenders, ..Self::whole(None) }));
        }
        all
    }
}

/// See [`Message::Result`].
pub(crate) struct ReturnMessage {
    pub(crate) txn: TxnId,
    pub(crate) to: Waits,
    pub(crate) value: Result<Payload, Error>,
    /// What the transaction has emitted on the way.
    pub(crate) emitted: Option<Box<Emitted>>,
    /// What a scout touched on the way, and `None` outside scouting.
    pub(crate) touched: Option<Vec<Ticket>>,
}

/// A message to a worker, with the time that it is about, which may be before the one at which it is sent.
pub(crate) struct Envelope {
    pub(crate) at: Time,
    pub(crate) to: u32,
    pub(crate) message: Message,
}

impl Message {
    // What is large and rare travels in a box: a message is moved some eight times.

    pub(crate) fn call(called: CallMessage) -> Self {
        Self::Call(Box::new(called))
    }

    pub(crate) fn result(returned: ReturnMessage) -> Self {
        Self::Result(Box::new(returned))
    }

    /// The bytes of the message, without what arguments and results point to.
    pub(crate) fn size(&self) -> usize {
        size_of::<Envelope>()
            + match self {
                Message::Call(called) => size_of::<CallMessage>() + called.outgoing.call.size(),
                Message::Result(_) => size_of::<ReturnMessage>(),
                Message::Lent(_) => size_of::<LentMessage>(),
                Message::Scouted { own, .. } | Message::Mispredicted { own, .. } => {
                    size_of::<Own>() + size_of_val(own.tickets.as_slice())
                }
                _ => 0,
            }
    }
}
