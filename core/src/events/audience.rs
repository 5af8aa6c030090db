//! Who hears what. An audience is written with its event and never changes; grants are what a reader holds when reading.
//! A reader hears an event when the two meet.

use std::collections::HashSet;

use uuid::Uuid;

use crate::{
    error::{Error, Result},
    ids::{DepartmentId, MemberId, VisitorId},
};

/// Every member, as an edge knows them.
const STAFF: &str = "staff";
/// The members who see every chat, as an edge knows them.
const OVERSEERS: &str = "overseers";

/// A part of the staff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Staff {
    /// Every member.
    Everyone,
    /// The members who see every chat.
    Overseers,
    /// The members of a department.
    Department(DepartmentId),
    /// One member.
    Member(MemberId),
}

/// Who hears an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// The customer's side.
    pub visitor: Option<VisitorId>,
    /// The staff's side.
    pub staff: Vec<Staff>,
}

impl Audience {
    /// The staff who see a chat of this department with this assignee.
    #[must_use]
    pub fn chat_staff(department: Option<DepartmentId>, assignee: Option<MemberId>) -> Self {
        let mut staff = match department {
            None => return Self { visitor: None, staff: vec![Staff::Everyone] },
            Some(department) => vec![Staff::Overseers, Staff::Department(department)],
        };
        staff.extend(assignee.map(Staff::Member));
        Self { visitor: None, staff }
    }

    /// Every member.
    #[must_use]
    pub fn everyone() -> Self {
        Self { visitor: None, staff: vec![Staff::Everyone] }
    }

    /// One member alone.
    #[must_use]
    pub fn member(member: MemberId) -> Self {
        Self { visitor: None, staff: vec![Staff::Member(member)] }
    }

    /// One visitor alone.
    #[must_use]
    pub fn visitor(visitor: VisitorId) -> Self {
        Self { visitor: Some(visitor), staff: Vec::new() }
    }

    /// The same, and this visitor.
    #[must_use]
    pub fn and_visitor(mut self, visitor: VisitorId) -> Self {
        self.visitor = Some(visitor);
        self
    }

    /// The principals it is for, as an edge knows them. This alone makes them, so that an audience with a department always names
    /// the overseers: they hear what any department does.
    #[must_use]
    pub fn principals(&self) -> Vec<String> {
        let mut names = Vec::with_capacity(self.staff.len() + 2);
        let mut overseers = false;
        for part in &self.staff {
            match part {
                Staff::Everyone => names.push(STAFF.to_owned()),
                Staff::Overseers => overseers = true,
                Staff::Department(id) => {
                    overseers = true;
                    names.push(id.to_string());
                }
                Staff::Member(id) => names.push(id.to_string()),
            }
        }
        names.extend(overseers.then(|| OVERSEERS.to_owned()));
        names.extend(self.visitor.map(|id| id.to_string()));
        names
    }

    /// The part of this staff that `other` does not name; nothing where it names all of it.
    #[must_use]
    pub fn staff_not_in(&self, other: &Self) -> Option<Self> {
        let staff: Vec<_> = self.staff.iter().copied().filter(|part| !other.staff.contains(part)).collect();
        (!staff.is_empty()).then_some(Self { visitor: None, staff })
    }

    pub(super) fn staff_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.staff.len() * 17);
        for part in &self.staff {
            let (kind, id) = match part {
                Staff::Everyone => (1, Uuid::nil()),
                Staff::Overseers => (2, Uuid::nil()),
                Staff::Department(id) => (3, id.uuid()),
                Staff::Member(id) => (4, id.uuid()),
            };
            bytes.push(kind);
            bytes.extend_from_slice(id.as_bytes());
        }
        bytes
    }

    pub(super) fn from_columns(visitor: Option<VisitorId>, staff: &[u8]) -> Result<Self> {
        let (parts, rest) = staff.as_chunks::<17>();
        let part = |bytes: &[u8; 17]| {
            let id = Uuid::from_slice(&bytes[1..]).ok()?;
            match bytes[0] {
                1 => Some(Staff::Everyone),
                2 => Some(Staff::Overseers),
                3 => Some(Staff::Department(id.into())),
                4 => Some(Staff::Member(id.into())),
                _ => None,
            }
        };
        // An audience that cannot be read is nobody's: the event is an error, not a leak.
        let parts: Option<Vec<_>> = parts.iter().map(part).collect();
        match (parts, rest) {
            (Some(staff), []) => Ok(Self { visitor, staff }),
            _ => Err(Error::internal("an event's audience cannot be read")),
        }
    }
}

/// What a reader may hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grants {
    /// A visitor hears what names that visitor.
    Visitor(VisitorId),
    /// A member hears the staff's side.
    Member {
        /// Who it is.
        id: MemberId,
        /// Whether the member's role sees every chat.
        overseer: bool,
        /// The member's departments.
        departments: HashSet<DepartmentId>,
    },
}

impl Grants {
    /// The principals it is, as an edge knows them: they meet those of an audience exactly where [`Self::hear`] says so.
    #[must_use]
    pub fn principals(&self) -> Vec<String> {
        match self {
            Self::Visitor(id) => vec![id.to_string()],
            Self::Member { id, overseer, departments } => {
                let mut names = vec![STAFF.to_owned(), id.to_string()];
                names.extend(overseer.then(|| OVERSEERS.to_owned()));
                names.extend(departments.iter().map(ToString::to_string));
                names
            }
        }
    }

    /// Whether audience and grants meet.
    #[must_use]
    pub fn hear(&self, audience: &Audience) -> bool {
        match self {
            Self::Visitor(id) => audience.visitor == Some(*id),
            Self::Member { id, overseer, departments } => audience.staff.iter().any(|part| match part {
                Staff::Everyone => true,
                Staff::Overseers => *overseer,
                Staff::Department(department) => *overseer || departments.contains(department),
                Staff::Member(member) => member == id,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<I: From<Uuid>>(n: u128) -> I {
        I::from(Uuid::from_u128(n))
    }

    fn agent(n: u128, departments: &[u128]) -> Grants {
        Grants::Member {
            id: id(n),
            overseer: false,
            departments: departments.iter().map(|d| id(*d)).collect(),
        }
    }

    #[test]
    fn staff_and_visitor_never_hear_for_each_other() {
        let note = Audience::chat_staff(None, None);
        assert!(agent(1, &[]).hear(&note));
        assert!(!Grants::Visitor(id(1)).hear(&note));
        let to_visitor = Audience::visitor(id(1));
        assert!(!agent(1, &[]).hear(&to_visitor));
        assert!(Grants::Visitor(id(1)).hear(&to_visitor));
        assert!(!Grants::Visitor(id(2)).hear(&to_visitor));
    }

    #[test]
    fn a_department_hears_its_own_chats_only() {
        let chat = Audience::chat_staff(Some(id(7)), Some(id(3)));
        assert!(agent(1, &[7]).hear(&chat));
        assert!(!agent(1, &[8]).hear(&chat));
        assert!(agent(3, &[]).hear(&chat), "the assignee hears it from any department");
        let overseer = Grants::Member { id: id(9), overseer: true, departments: HashSet::new() };
        assert!(overseer.hear(&chat));
        assert!(!overseer.hear(&Audience::member(id(1))), "what is for one member is for nobody else");
    }

    #[test]
    fn principals_meet_exactly_where_a_reader_hears() {
        let audiences = [
            Audience::everyone().and_visitor(id(5)),
            Audience::chat_staff(Some(id(7)), None).and_visitor(id(5)),
            Audience::chat_staff(Some(id(7)), Some(id(3))),
            // Without the overseers, as no slice makes it: they hear it all the same.
            Audience { visitor: None, staff: vec![Staff::Department(id(7))] },
            Audience { visitor: None, staff: vec![Staff::Overseers] },
            Audience::member(id(3)),
            Audience::visitor(id(5)),
            Audience::default(),
        ];
        let readers = [
            agent(1, &[]),
            agent(1, &[7, 8]),
            agent(3, &[]),
            Grants::Member { id: id(9), overseer: true, departments: HashSet::new() },
            Grants::Visitor(id(5)),
            // The bare id of a member says nothing about the visitor of the same one.
            Grants::Visitor(id(3)),
        ];
        let mut heard = 0;
        for audience in &audiences {
            for reader in &readers {
                let own = reader.principals();
                let meet = audience.principals().iter().any(|name| own.contains(name));
                assert_eq!(meet, reader.hear(audience), "{reader:?} and {audience:?}");
                heard += usize::from(meet);
            }
        }
        assert_eq!(heard, 16);
    }

    #[test]
    fn the_stored_form_round_trips_and_nothing_else_is_read() {
        let audience = Audience::chat_staff(Some(id(7)), Some(id(3))).and_visitor(id(5));
        let bytes = audience.staff_bytes();
        assert_eq!(Audience::from_columns(Some(id(5)), &bytes).unwrap(), audience);
        assert!(Audience::from_columns(None, &bytes[1..]).is_err());
        assert!(Audience::from_columns(None, &[9; 17]).is_err());
    }
}
