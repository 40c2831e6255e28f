//! What of a configuration the kernel cannot do as its operator may expect, found before it is in force. Told by `sorry check-config`, at the
//! start and at a reload; nothing is refused for it.

use super::{subjects, trial};
use crate::config::{self, Config, KernelWhen};
use crate::daemon::pages::Loaded;
use crate::kernel::Device;

/// Everything, each with its place. `pages` are those of the configuration's sites, in their order.
pub(in crate::daemon) fn cautions(config: &Config, pages: &[Loaded]) -> Vec<String> {
    let wanted = config.sites.iter().zip(pages);
    let wanted = wanted.filter(|(site, _)| site.sorry.kernel != KernelWhen::Never);
    wanted
        .flat_map(|(site, loaded)| {
            let called = config.called(site);
            let told = unsayable(config, site, loaded)
                .into_iter()
                .chain(files(loaded));
            told.map(move |text| {
                config.told(
                    site.sorry.kernel_place,
                    &format!("kernel: {called}: {text}"),
                )
            })
        })
        .collect()
}

/// Devices that are not on this machine.
pub(in crate::daemon) fn missing_devices(config: &Config) -> Vec<String> {
    let wanted = config
        .kernel
        .interfaces
        .iter()
        .filter(|_| super::is_wanted(config));
    let none = Some(rustix::io::Errno::NODEV.raw_os_error());
    let is_missing =
        |name: &str| Device::named(name).is_err_and(|error| error.raw_os_error() == none);
    wanted
        .filter(|name| is_missing(name))
        .map(|name| {
            let text = format!("interfaces: there is no device {name} on this machine (`ip link` lists those that there are), so nothing is answered in the kernel there");
            config.told(config.kernel.place, &text)
        })
        .collect()
}

/// A page that stays with user space.
fn unsayable(config: &Config, site: &config::Site, loaded: &Loaded) -> Option<String> {
    let answers = trial::unserved(config, |fixed| {
        crate::daemon::wire::site(fixed, site, loaded)
    });
    let why = subjects::speech(&answers).err()?;
    Some(match subjects::refuses_anyway(config, site) {
        true => format!("{why}: user space answers all of its visitors"),
        false => format!(
            "{why}: while the site is down, visitors of `kernel-vips` reach whatever listens there; after a reload the kernel goes on with the page that it had"
        ),
    })
}

/// Files beside the page.
fn files(loaded: &Loaded) -> Option<String> {
    let files = match loaded.page.assets.len() {
        0 => return None,
        1 => "file".to_owned(),
        more => format!("{more} files"),
    };
    Some(format!(
        "whoever asks for the page's {files} where the kernel answers gets the page with 503: put what the page needs into the page itself"
    ))
}
