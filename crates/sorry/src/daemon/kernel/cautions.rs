//! What of a configuration the kernel cannot do as its operator may expect, found before it is in force. Told by `sorry check-config`, at the
//! start and at a reload; nothing is refused for it.

use super::{subjects, trial};
use crate::config::{self, Config, KernelWhen};
use crate::daemon::pages::Loaded;

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

/// A page that stays with user space.
fn unsayable(config: &Config, site: &config::Site, loaded: &Loaded) -> Option<String> {
    let answers = trial::unserved(config, |fixed| {
        crate::daemon::wire::site(fixed, site, loaded)
    });
    let why = subjects::speech(&answers).err()?;
    Some(format!(
        "{why}: nothing is answered in the kernel, and visitors of `kernel-vips` reach whatever listens there"
    ))
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
