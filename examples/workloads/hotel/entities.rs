//! A travel site: places to search, rates, recommendations, and reservations of a hotel and a flight together.

use super::places::{Place, Point, best, nearby};
use serde::{Deserialize, Serialize};
use thalweg::prelude::*;

/// Why there is no reservation.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Refused {
    WrongPassword,
    HotelFull,
    FlightFull,
}

/// What a recommendation goes by.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum By {
    Distance,
    Rate,
    Price,
}

#[entity]
pub struct Hotel {
    #[key]
    id: u64,
    capacity: i64,
}

#[entity]
impl Hotel {
    pub fn open(id: u64, capacity: i64) -> Self {
        Self { id, capacity }
    }

    pub fn capacity(&self) -> i64 {
        self.capacity
    }

    pub fn reserve(&mut self) -> Result<(), Refused> {
        if self.capacity == 0 {
            return Err(Refused::HotelFull);
        }
        self.capacity -= 1;
        Ok(())
    }
}

#[entity]
pub struct Flight {
    #[key]
    id: u64,
    capacity: i64,
}

#[entity]
impl Flight {
    pub fn open(id: u64, capacity: i64) -> Self {
        Self { id, capacity }
    }

    pub fn capacity(&self) -> i64 {
        self.capacity
    }

    pub fn reserve(&mut self) -> Result<(), Refused> {
        if self.capacity == 0 {
            return Err(Refused::FlightFull);
        }
        self.capacity -= 1;
        Ok(())
    }
}

#[entity]
pub struct Reservation {
    #[key]
    number: (String, u32),
    hotel: Ref<Hotel>,
    flight: Ref<Flight>,
}

#[entity]
impl Reservation {
    pub fn place(number: (String, u32), hotel: Ref<Hotel>, flight: Ref<Flight>) -> Self {
        Self { number, hotel, flight }
    }

    pub fn what(&self) -> (Ref<Hotel>, Ref<Flight>) {
        (self.hotel.clone(), self.flight.clone())
    }
}

#[entity]
pub struct User {
    #[key]
    name: String,
    password: String,
    reservations: u32,
}

#[entity]
impl User {
    pub fn sign_up(name: String, password: String) -> Self {
        Self { name, password, reservations: 0 }
    }

    pub fn reservations(&self) -> u32 {
        self.reservations
    }

    pub fn login(&self, password: String) -> Result<(), Refused> {
        if self.password == password { Ok(()) } else { Err(Refused::WrongPassword) }
    }

    /// A room and a seat, or neither; returns the number of the reservation.
    pub async fn reserve(
        &mut self,
        password: String,
        hotel: Ref<Hotel>,
        flight: Ref<Flight>,
    ) -> Result<u32, Refused> {
        self.login(password)?;
        hotel.reserve().await?;
        flight.reserve().await?;
        self.reservations += 1;
        let number = (self.name.clone(), self.reservations);
        Reservation::at(number).place(hotel, flight).await;
        Ok(self.reservations)
    }
}

#[entity]
pub struct Rate {
    #[key]
    hotel: u64,
    cents: i64,
}

#[entity]
impl Rate {
    pub fn list(hotel: u64, cents: i64) -> Self {
        Self { hotel, cents }
    }

    pub fn cents(&self) -> i64 {
        self.cents
    }
}

/// The hotels of a city on the map.
#[entity]
pub struct Geo {
    #[key]
    city: String,
    places: Vec<Place>,
}

#[entity]
impl Geo {
    pub fn draw(city: String, places: Vec<Place>) -> Self {
        Self { city, places }
    }

    /// The nearest hotels with their rates.
    pub async fn search(&self, from: Point) -> Vec<(u64, i64)> {
        let hotels = nearby(&self.places, from);
        let rates = join_all(hotels.iter().map(|hotel| Rate::at(*hotel).cents())).await;
        hotels.into_iter().zip(rates).collect()
    }
}

#[entity]
pub struct Recommendation {
    #[key]
    city: String,
    places: Vec<Place>,
}

#[entity]
impl Recommendation {
    pub fn write(city: String, places: Vec<Place>) -> Self {
        Self { city, places }
    }

    pub fn recommend(&self, by: By, from: Point) -> Vec<u64> {
        best(&self.places, by, from)
    }
}
