//! Hotel reservation of DeathStarBench: 60 % search, 39 % recommend, 0.5 % login, 0.5 % reserve.
//!
//! A reservation takes a room and a seat, or neither; both get fewer.

mod entities;
mod places;

use crate::answers::{Answers, any, ask, same, send};
use crate::draw::Draw;
use crate::workload::{Pending, Workload};
use entities::{By, Flight, Geo, Hotel, Rate, Recommendation, Refused, Reservation, User};
use places::{Place, Point, best, nearby};
use thalweg::Error;
use thalweg::prelude::*;

pub const HOTELS: u64 = 100;
const USERS: u64 = 501;
const PLACES: u64 = 80;
const RECOMMENDED: u64 = 79;
const CITY: &str = "San Francisco";

pub struct Travel {
    draw: Draw,
    /// Instead of the mix.
    only_reserve: bool,
    /// Rooms left in every hotel, and seats left in every flight.
    rooms: Vec<i64>,
    seats: Vec<i64>,
    /// What every user has reserved, in order.
    reserved: Vec<Vec<(u64, u64)>>,
    map: Vec<Place>,
    recommended: Vec<Place>,
    answers: Answers,
}

impl Travel {
    /// As many flights as hotels. Without a `capacity` hotels have 200 to 300 rooms and flights 200 seats.
    pub fn new(hotels: u64, capacity: Option<u32>, only_reserve: bool, seed: u64) -> Self {
        let hotels = hotels.max(1);
        let rooms = |hotel: u64| capacity.map_or([200, 300, 250][hotel as usize % 3], i64::from);
        Self {
            draw: Draw::new(seed),
            only_reserve,
            rooms: (0..hotels).map(rooms).collect(),
            seats: vec![capacity.map_or(200, i64::from); hotels as usize],
            reserved: vec![Vec::new(); USERS as usize],
            map: (0..PLACES).map(Place::of).collect(),
            recommended: (0..RECOMMENDED).map(Place::of).collect(),
            answers: Answers::default(),
        }
    }

    /// Around the hotels.
    fn point(&mut self) -> Point {
        let mut thousandths = |n| self.draw.below(n) as f64 / 1_000.0;
        Point { latitude: 37.783 + thousandths(481), longitude: -122.252 + thousandths(325) }
    }

    fn search(&mut self, app: &Handle) -> Result<Pending, Error> {
        let from = self.point();
        let reply = app.submit_waiting(geo().search(from))?;
        let right = nearby(&self.map, from).into_iter().map(|id| (id, Place::of(id).cents)).collect();
        Ok(self.answers.expect(reply, ("search", from), right))
    }

    fn recommend(&mut self, app: &Handle) -> Result<Pending, Error> {
        let by = [By::Distance, By::Rate, By::Price][self.draw.below(3) as usize];
        let from = self.point();
        let reply = app.submit_waiting(Recommendation::at(CITY.to_owned()).recommend(by, from))?;
        Ok(self.answers.expect(reply, ("recommend", by, from), best(&self.recommended, by, from)))
    }

    fn login(&mut self, app: &Handle) -> Result<Pending, Error> {
        let id = self.draw.below(USERS);
        let reply = app.submit_waiting(user(id).login(password(id)))?;
        Ok(self.answers.expect(reply, ("login", id), Ok(())))
    }

    fn reserve(&mut self, app: &Handle) -> Result<Pending, Error> {
        let id = self.draw.below(USERS);
        let (hotel, flight) =
            (self.draw.below(self.rooms.len() as u64), self.draw.below(self.seats.len() as u64));
        let call = user(id).reserve(password(id), Hotel::at(hotel), Flight::at(flight));
        let reply = app.submit_waiting(call)?;
        let right = self.foretell(id, hotel, flight);
        Ok(self.answers.expect(reply, ("reserve", id, hotel, flight), right))
    }

    /// Writes a reservation into the book: what it must answer.
    fn foretell(&mut self, user: u64, hotel: u64, flight: u64) -> Result<u32, Refused> {
        let (rooms, seats) = (&mut self.rooms[hotel as usize], &mut self.seats[flight as usize]);
        if *rooms == 0 {
            return Err(Refused::HotelFull);
        }
        if *seats == 0 {
            return Err(Refused::FlightFull);
        }
        *rooms -= 1;
        *seats -= 1;
        let reserved = &mut self.reserved[user as usize];
        reserved.push((hotel, flight));
        Ok(reserved.len() as u32)
    }
}

fn geo() -> Ref<Geo> {
    Geo::at(CITY.to_owned())
}

fn user(id: u64) -> Ref<User> {
    User::at(format!("Cornell_{id}"))
}

fn password(id: u64) -> String {
    id.to_string().repeat(10)
}

impl Workload for Travel {
    fn name(&self) -> &'static str {
        "hotel"
    }

    fn register(&self, app: App) -> App {
        app.entity::<User>().entity::<Geo>().entity::<Recommendation>()
    }

    fn load(&mut self, app: &Handle) -> thalweg::Result<Vec<Pending>> {
        let mut all = vec![any(app.submit_waiting(geo().draw(self.map.clone()))?)];
        let recommendation = Recommendation::at(CITY.to_owned());
        all.push(any(app.submit_waiting(recommendation.write(self.recommended.clone()))?));
        all.extend(send(&self.map, |p| app.submit_waiting(Rate::at(p.hotel).list(p.cents)))?);
        all.extend(send(0..USERS, |id| app.submit_waiting(user(*id).sign_up(password(*id))))?);
        all.extend(send((0..).zip(&self.rooms), |(id, n)| app.submit_waiting(Hotel::at(*id).open(**n)))?);
        all.extend(send((0..).zip(&self.seats), |(id, n)| app.submit_waiting(Flight::at(*id).open(**n)))?);
        Ok(all)
    }

    fn next(&mut self, app: &Handle) -> Result<Pending, Error> {
        if self.only_reserve {
            return self.reserve(app);
        }
        match self.draw.below(1_000) {
            0..600 => self.search(app),
            600..990 => self.recommend(app),
            990..995 => self.login(app),
            _ => self.reserve(app),
        }
    }

    fn check(&self, app: &Handle) -> thalweg::Result<()> {
        self.answers.check()?;
        let rooms = ask((0..).zip(&self.rooms), |(id, _)| app.submit_waiting(Hotel::at(*id).capacity()))?;
        let seats = ask((0..).zip(&self.seats), |(id, _)| app.submit_waiting(Flight::at(*id).capacity()))?;
        for (what, capacities) in [("rooms of hotel", rooms), ("seats of flight", seats)] {
            for ((id, right), found) in capacities {
                same(|| format!("{what} {id}"), found, *right)?;
                same(|| format!("are the {what} {id} below zero"), found < 0, false)?;
            }
        }
        let made = ask((0..).zip(&self.reserved), |(id, _)| app.submit_waiting(user(*id).reservations()))?;
        for ((id, right), found) in made {
            same(|| format!("reservations of user {id}"), found, right.len() as u32)?;
            let number = |n: &u32| Reservation::at((Ref::key(&user(id)).clone(), *n));
            let reservations = ask(1..=found, |n| app.submit_waiting(number(n).what()))?;
            for ((n, (hotel, flight)), right) in reservations.into_iter().zip(right) {
                same(
                    || format!("reservation {n} of user {id}"),
                    (*Ref::key(&hotel), *Ref::key(&flight)),
                    *right,
                )?;
            }
        }
        Ok(())
    }
}
