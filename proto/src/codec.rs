//! The codec of every generated service: prost, and behind it the rules of the contract. A handler never sees a request
//! that breaks one, whichever transport it came by; see [`Validate::IS_REQUEST`] for why answers are not checked.

use crate::errors::v1::Reason;
use crate::fault::Fault;
use crate::validate::Validate;
use prost::Message;
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// Encodes `T`, decodes and checks `U`.
#[derive(Clone, Copy, Debug)]
pub struct ContractCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for ContractCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for ContractCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Validate + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ContractDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        ContractDecoder(PhantomData)
    }
}

/// The decoding half.
#[derive(Clone, Copy, Debug)]
pub struct ContractDecoder<U>(PhantomData<U>);

impl<U: Message + Validate + Default> Decoder for ContractDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        decode(buffer).map(Some).map_err(Status::from)
    }
}

/// Reads a message and, where it is a request, checks it. What a server cannot read is `MALFORMED_REQUEST` or
/// `FIELD_INVALID`; an answer that a client cannot read is `INTERNAL`.
pub fn decode<U: Message + Validate + Default>(buffer: impl prost::bytes::Buf) -> Result<U, Fault> {
    let message = U::decode(buffer).map_err(|error| {
        let reason = if U::IS_REQUEST { Reason::MalformedRequest } else { Reason::Internal };
        Fault::new(reason, error.to_string())
    })?;
    if U::IS_REQUEST {
        message.validate().map_err(Fault::invalid)?;
    }
    Ok(message)
}
