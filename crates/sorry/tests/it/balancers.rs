//! Behind real balancers: HAProxy and nginx run the very configuration that the manual shows, an origin of our own dies and
//! comes back, and what visitors get through the balancer is compared with what Sorry says itself.

pub(crate) mod balancer;
mod examples;
mod haproxy;
mod nginx;
mod origin;
mod visitor;
