#!/bin/sh
# Compiles loket.scss with the pinned sources from npm, in a folder outside the repository, and copies what pages load.
# Needs node and npm; nobody else does, because the results are committed beside this folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=${LOKET_CSS_WORK:-$(mktemp -d)}
cd "$work"
npm install --silent --no-save --no-audit --no-fund --ignore-scripts govuk-frontend@6.3.0 sass@1.108.2
npx sass --style=compressed --no-source-map --quiet-deps --load-path=node_modules "$here/loket.scss" "$here/../loket.css"
# The compiled file says from which source it was made; a test compares.
printf '/*! loket.scss %s */\n' "$(sha256sum "$here/loket.scss" | cut -c1-16)" >> "$here/../loket.css"
cp node_modules/govuk-frontend/dist/govuk/govuk-frontend.min.js "$here/../govuk-frontend.min.js"
sed -i 's,//# sourceMappingURL=.*,,' "$here/../govuk-frontend.min.js"
