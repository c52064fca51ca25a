//! Gives the requests of an epoch their places in the order, and their tickets.
//!
//! All of it is a function of the requests: which worker is told of which transaction, under which number, and with
//! which tickets. What an owner has to know goes in one parcel.
use crate::base::error::Result;
use crate::base::groups::{Groups, Part, RootOwner};
use crate::base::heat::Heat;
use crate::base::ids::{MethodId, TxnId, narrow};
use crate::base::location::worker_number;
use crate::base::ticket::{Ticket, normalise};
use crate::egress::answers::Egress;
use crate::egress::witness::InPart;
use crate::methods::counts::Count;
use crate::methods::table::{Methods, Planned};
use crate::request::batch::Calls;
use crate::request::data::Request;
use crate::request::ingress::{Submission, Submitted};
use crate::sequence::marks::Marks;
use crate::sequence::parcel::{Entry, Parcel, RootAt};
use smallvec::{SmallVec, smallvec};

/// Orders one worker's part of an epoch.
pub(crate) struct Sequencer<'a> {
    methods: &'a Methods,
    groups: &'a Groups,
    /// What has been written much of late.
    heat: &'a mut Heat,
    epoch: u64,
    from: usize,
    seq: u32,
    parcels: Vec<Parcel>,
    /// The tickets of the transaction at hand.
    tickets: Vec<Ticket>,
    /// What has to be known of the epoch, if it may have to be undone.
    marks: Option<Marks>,
}

/// The requests that one worker has for an epoch, as parcels for those who must know of them, and what everybody must know.
/// If the epoch has no time,
/// its transactions are answered with the reason.
pub(crate) fn sequence(
    (methods, egress): (&Methods, &Egress),
    (groups, heat): (&Groups, &mut Heat),
    (epoch, from): (u64, usize),
    (now, seed): (&Result<u64>, u64),
    requests: Vec<Submitted>,
) -> (Vec<Parcel>, Option<Marks>) {
    let peers = groups.workers();
    let parcel = |to| Parcel { epoch, from: narrow(from), to: narrow(to), ..Parcel::default() };
    let mut sequencer = Sequencer {
        methods,
        groups,
        heat,
        epoch,
        from,
        seq: 0,
        parcels: (0..peers).map(parcel).collect(),
        tickets: Vec::new(),
        marks: None,
    };
    let mut index = 0;
    for Submitted { id, work } in requests {
        match work {
            Submission::Transactions(mut request) => {
                let now = match now {
                    Ok(now) => *now,
                    Err(error) => {
                        request.refuse(error, methods, from, egress);
                        continue;
                    }
                };
                let place = InPart { epoch, from: narrow(from), index };
                index += narrow(request.len());
                request.stamp(place, id, (now, seed));
                if peers == 1 {
                    sequencer.whole(request);
                } else {
                    sequencer.divide(request);
                }
            }
            Submission::Inspect(look) => {
                for parcel in &mut sequencer.parcels {
                    parcel.looks.push(look.clone());
                    parcel.entries.push(Entry { look: true, ..entry(sequencer.seq) });
                }
                sequencer.seq += 1;
            }
        }
    }
    sequencer.finish()
}

fn entry(seq: u32) -> Entry {
    Entry {
        seq,
        tickets: 0..0,
        home: None,
        others: 0..0,
        root: None,
        dynamic: false,
        presumed: false,
        look: false,
    }
}

impl Sequencer<'_> {
    fn peers(&self) -> usize {
        self.parcels.len()
    }

    /// One worker runs work after work; nobody needs tickets.
    fn whole(&mut self, request: Request) {
        let parcel = &mut self.parcels[0];
        let at = RootAt { request: narrow(parcel.requests.len()), index: 0 };
        parcel.requests.push(request);
        parcel.entries.push(Entry { root: Some(at), ..entry(self.seq) });
        self.seq += 1;
    }

    /// Hands out the tickets of a request, and its calls to the workers where they have their homes.
    fn divide(&mut self, request: Request) {
        let mut counts: SmallVec<[u32; 8]> = smallvec![0; self.peers()];
        let mut owners: SmallVec<[u16; 8]> = SmallVec::with_capacity(request.len());
        for index in 0..request.len() {
            let owner = self.place(request.method(), request.calls(), index, &counts);
            counts[usize::from(owner)] += 1;
            owners.push(owner);
        }
        match counts.iter().position(|count| *count as usize == request.len()) {
            Some(only) => self.give(only, request),
            None => request.split(&owners, counts.len()).for_each(|(owner, part)| self.give(owner, part)),
        }
    }

    /// Places one call; the worker that gets it. `counts` says how many of its request each has got before.
    fn place(&mut self, method: MethodId, calls: &dyn Calls, index: usize, counts: &[u32]) -> u16 {
        self.tickets.clear();
        let peers = self.peers();
        let (root, planned) = calls.plan(index, method, self.methods, peers, &mut self.tickets);
        let repeatable = calls.repeatable();
        if planned != Planned::Dynamic && repeatable {
            let presumed = planned == Planned::Presumably;
            if presumed {
                self.marks.get_or_insert_default();
            }
            self.methods.count(method, self.from, Count::Planned, 1);
            let home = self.hand_out(root, presumed, counts);
            self.seq += 1;
            return home;
        }
        let at = self.root_at(root, counts);
        let marks = self.marks.get_or_insert_default();
        marks.scouted = true;
        if !repeatable {
            marks.runs_once = true;
            self.methods.runs_once(method);
        }
        let entry = Entry { root: Some(at), dynamic: true, ..entry(self.seq) };
        self.parcels[root].entries.push(entry);
        self.seq += 1;
        worker_number(root)
    }

    /// Where the request of a root will be, at its worker.
    fn root_at(&self, worker: usize, counts: &[u32]) -> RootAt {
        RootAt { request: narrow(self.parcels[worker].requests.len()), index: counts[worker] }
    }

    /// Puts the tickets at hand into the parcels of those who have a part in the transaction; the home of its root.
    fn hand_out(&mut self, root: usize, presumed: bool, counts: &[u32]) -> u16 {
        normalise(&mut self.tickets);
        let txn = TxnId { epoch: self.epoch, worker: narrow(self.from), seq: self.seq };
        let mut homes: SmallVec<[u16; 4]> = SmallVec::new();
        let Self { groups, heat, parcels, tickets, .. } = self;
        heat.count(tickets);
        let (root_owner, known) = (RootOwner::Free(worker_number(root)), (&tickets[..], Some(&**heat)));
        groups.parts(txn, root_owner, known, |Part { worker, home, tickets }| {
            let parcel = &mut parcels[usize::from(worker)];
            let tickets = append(&mut parcel.tickets, tickets.iter().copied());
            let home = (home != worker).then_some(home);
            if home.is_none() {
                homes.push(worker);
            }
            parcel.entries.push(Entry { tickets, home, ..entry(txn.seq) });
        });
        let home = homes.iter().copied().find(|home| groups.same(usize::from(*home), root));
        let home = home.unwrap_or_else(|| unreachable!("the root has a ticket"));
        let at = self.root_at(usize::from(home), counts);
        let parcel = &mut self.parcels[usize::from(home)];
        if let Some(entry) = parcel.entries.last_mut() {
            (entry.root, entry.presumed) = (Some(at), presumed);
        }
        for home in homes.iter().filter(|_| homes.len() > 1) {
            let parcel = &mut self.parcels[usize::from(*home)];
            let others = homes.iter().filter(|other| *other != home);
            let others = append(&mut parcel.others, others.map(|other| u32::from(*other)));
            if let Some(entry) = parcel.entries.last_mut() {
                entry.others = others;
            }
        }
        home
    }

    /// Gives an owner the roots that were placed there.
    fn give(&mut self, owner: usize, request: Request) {
        self.parcels[owner].requests.push(request);
    }

    fn finish(self) -> (Vec<Parcel>, Option<Marks>) {
        let Self { mut parcels, marks, .. } = self;
        parcels.retain(|parcel| !parcel.entries.is_empty());
        (parcels, marks)
    }
}

fn append<T>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) -> std::ops::Range<u32> {
    let start = list.len();
    list.extend(more);
    narrow(start)..narrow(list.len())
}
