//! Journeys: a user's words, the production wiring, real databases. One binary, a file per journey, each over every backend.

mod advice;
mod approve;
mod ask_back;
mod attack;
mod away;
mod chat_down;
mod digest;
mod emergency;
mod end;
mod extend;
mod form;
mod freeze;
mod home;
mod hostile;
mod incident;
mod later;
mod limits;
mod oncall;
mod overlap;
mod rehearsal;
mod request;
mod restart;
mod socket;
mod standing;
mod trouble;
mod windows;
