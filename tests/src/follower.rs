//! What an edge says to a core, on the listener for edges, said by hand.

use std::time::Duration;

use rapport_client::Error;
use rapport_proto::edge::v1::edge_service_client::EdgeServiceClient;
use rapport_proto::edge::v1::{
    Attach, AuthorizeRequest, AuthorizeResponse, Detach, FollowRequest, FollowResponse, FollowedEvent, Hello,
    ListWidgetOriginsRequest, Live, LiveMember, ReplayRequest, ResolveOriginRequest, follow_request,
    follow_response,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};

use crate::wait::{PATIENCE, soon};

/// An edge.
#[derive(Debug, Clone)]
pub struct Follower {
    channel: Channel,
    key: Option<AsciiMetadataValue>,
    /// The UUID it made at its start.
    pub edge_id: String,
}

impl Follower {
    /// An edge that shows this key.
    #[must_use]
    pub fn connect(endpoint: &str, key: Option<&str>) -> Self {
        let channel = Endpoint::from_shared(endpoint.to_owned())
            .expect("an endpoint is a URI")
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(5))
            .connect_lazy();
        let key = key.map(|key| key.parse().expect("a key is a header value"));
        Self { channel, key, edge_id: rapport_client::request_id() }
    }

    /// The channel, for the generated clients.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// A request as this edge sends it.
    #[must_use]
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(key) = &self.key {
            request.metadata_mut().insert("x-rapport-edge-key", key.clone());
        }
        request
    }

    fn client(&self) -> EdgeServiceClient<Channel> {
        EdgeServiceClient::new(self.channel.clone()).max_decoding_message_size(1 << 20)
    }

    /// Asks whose a token is, for a session that begins at a cursor.
    pub async fn authorize(&self, token: &str, cursor: &str) -> Result<AuthorizeResponse, Error> {
        self.authorize_from(token, cursor, "").await
    }

    /// Asks whose a token is, for a page of an origin.
    pub async fn authorize_from(
        &self,
        token: &str,
        cursor: &str,
        origin: &str,
    ) -> Result<AuthorizeResponse, Error> {
        let request = AuthorizeRequest {
            access_token: token.to_owned(),
            cursor: cursor.to_owned(),
            origin: origin.to_owned(),
        };
        Ok(self.client().authorize(self.request(request)).await?.into_inner())
    }

    /// Reads all of a stretch, page by page.
    pub async fn replay(
        &self,
        tenant: &str,
        principals: &[&str],
        after: u64,
        upto: u64,
    ) -> Result<Vec<FollowedEvent>, Error> {
        let mut request = ReplayRequest {
            tenant_id: tenant.to_owned(),
            principals: principals.iter().map(|name| (*name).to_owned()).collect(),
            after,
            upto,
        };
        let mut events = Vec::new();
        loop {
            let page = self.client().replay(self.request(request.clone())).await?.into_inner();
            events.extend(page.events);
            let reached = u64::try_from(page.upto).expect("a number is not negative");
            assert!(reached > request.after && reached <= upto, "a page goes on: {reached}");
            if reached == upto {
                return Ok(events);
            }
            request.after = reached;
        }
    }

    /// Asks whether any workspace allows an origin.
    pub async fn resolve_origin(&self, origin: &str) -> Result<bool, Error> {
        let request = ResolveOriginRequest { origin: origin.to_owned() };
        Ok(self.client().resolve_origin(self.request(request)).await?.into_inner().allowed)
    }

    /// Asks which pages may hold a workspace's widget.
    pub async fn widget_origins(&self, workspace: &str) -> Result<Vec<String>, Error> {
        let request = ListWidgetOriginsRequest { workspace: workspace.to_owned() };
        Ok(self.client().list_widget_origins(self.request(request)).await?.into_inner().origins)
    }

    /// Opens a stream and says hello.
    pub async fn follow(&self) -> Result<Following, Error> {
        let following = self.follow_silently().await?;
        following.order(follow_request::Body::Hello(Hello { edge_id: self.edge_id.clone() })).await;
        Ok(following)
    }

    /// Opens a stream and says nothing.
    pub async fn follow_silently(&self) -> Result<Following, Error> {
        let (orders, stream) = mpsc::channel(16);
        let answers = self.client().follow(self.request(ReceiverStream::new(stream))).await?.into_inner();
        Ok(Following { orders, answers })
    }
}

/// An open stream between an edge and a core.
#[derive(Debug)]
pub struct Following {
    orders: mpsc::Sender<FollowRequest>,
    answers: Streaming<FollowResponse>,
}

impl Following {
    /// Orders something.
    pub async fn order(&self, body: follow_request::Body) {
        // Where the core is gone, the answers say so.
        let _ = self.orders.send(FollowRequest { body: Some(body) }).await;
    }

    /// Follows a tenant from a number on.
    pub async fn attach(&self, tenant: &str, after: i64) {
        self.attach_at(tenant, after, "").await;
    }

    /// Follows a tenant from an event on.
    pub async fn attach_at(&self, tenant: &str, after: i64, cursor: &str) {
        let after = u64::try_from(after).expect("a number is not negative");
        let attach = Attach { tenant_id: tenant.to_owned(), after, cursor: cursor.to_owned() };
        self.order(follow_request::Body::Attach(attach)).await;
    }

    /// Follows a tenant no more.
    pub async fn detach(&self, tenant: &str) {
        self.order(follow_request::Body::Detach(Detach { tenant_id: tenant.to_owned() })).await;
    }

    /// Says who is connected, in place of what was said before.
    pub async fn live(&self, members: &[(&str, &str)]) {
        self.order(follow_request::Body::Live(live(members))).await;
    }

    /// Says who has come.
    pub async fn arrived(&self, members: &[(&str, &str)]) {
        self.order(follow_request::Body::Arrived(live(members))).await;
    }

    /// Says who has gone.
    pub async fn left(&self, members: &[(&str, &str)]) {
        self.order(follow_request::Body::Left(live(members))).await;
    }

    /// The next answer, whatever it is.
    pub async fn next(&mut self) -> Result<follow_response::Body, Error> {
        match soon("the core says something", PATIENCE, self.answers.message()).await {
            Ok(Some(answer)) => Ok(answer.body.expect("an answer says something")),
            Ok(None) => panic!("a stream that ends says why"),
            Err(status) => Err(status.into()),
        }
    }

    /// The next answer that `select` takes.
    pub async fn matching<T>(
        &mut self,
        mut select: impl FnMut(follow_response::Body) -> Option<T>,
    ) -> Result<T, Error> {
        loop {
            if let Some(found) = select(self.next().await?) {
                return Ok(found);
            }
        }
    }

    /// The next events.
    pub async fn events(&mut self) -> Result<Vec<FollowedEvent>, Error> {
        self.matching(|body| match body {
            follow_response::Body::Events(events) => Some(events.events),
            _ => None,
        })
        .await
    }
}

fn live(members: &[(&str, &str)]) -> Live {
    let member = |(tenant, member): &(&str, &str)| LiveMember {
        tenant_id: (*tenant).to_owned(),
        principal: (*member).to_owned(),
    };
    Live { members: members.iter().map(member).collect() }
}
