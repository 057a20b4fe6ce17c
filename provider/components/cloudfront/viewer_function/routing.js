import cf from 'cloudfront';

// Chooses the region of a request from the routing table in the key value store:
//
//   routes       {"by": "edge", "regions": [...], "weights": [...], "failover": [502, ...]}
//   near/REGION  the regions by their distance from the edge location's regional cache, separated by commas
//   countries    {"REGION": "ATDE..."}: the countries of each region
//
// The table lists only the regions that receive traffic. Without a table, the distribution's default origin answers.

// The origins of the distribution. The table may be ahead of it.
const ORIGINS = [];
const READS = ['GET', 'HEAD', 'OPTIONS'];

async function handler(event) {
    const request = event.request;
    try {
        const store = cf.kvs();
        const table = await store.get('routes', { format: 'json' });
        const ranked = await rank(store, table, event);
        const regions = ranked.filter(function (region) {
            return ORIGINS.indexOf(region) >= 0;
        });
        send(request.method, regions, table.failover);
    } catch (error) {
        console.log('Using the default origin: ' + error);
    }
    return request;
}

// Sends the request to the first region. When that fails, CloudFront repeats a request that only reads in the second one.
function send(method, regions, statusCodes) {
    if (regions.length > 1 && READS.indexOf(method) >= 0) {
        cf.createRequestOriginGroup({
            originIds: [{ originId: regions[0] }, { originId: regions[1] }],
            failoverCriteria: { statusCodes: statusCodes },
        });
    } else if (regions.length > 0) {
        cf.selectRequestOriginById(regions[0]);
    }
}

// The regions, the best one first.
async function rank(store, table, event) {
    if (table.by === 'edge') {
        return near(store, table.regions);
    }
    let first = table.regions[0];
    if (table.by === 'country') {
        first = await ofCountry(store, event.request) || first;
    } else if (table.by === 'weight') {
        first = weighted(table, event.viewer.ip);
    }
    if (table.regions.indexOf(first) < 0) {
        first = table.regions[0];
    }
    return [first].concat(table.regions.filter(function (region) {
        return region !== first;
    }));
}

async function near(store, regions) {
    try {
        const ranked = await store.get('near/' + cf.edgeLocation.region);
        return ranked.split(',');
    } catch (error) {
        // A regional cache that the table does not list yet.
        return regions;
    }
}

async function ofCountry(store, request) {
    const header = request.headers['cloudfront-viewer-country'];
    const countries = await store.get('countries', { format: 'json' });
    const regions = Object.keys(countries);
    for (let i = 0; header && i < regions.length; i++) {
        const codes = countries[regions[i]];
        for (let at = 0; at < codes.length; at += 2) {
            if (codes.substring(at, at + 2) === header.value) {
                return regions[i];
            }
        }
    }
    return undefined;
}

// A region in proportion to its weight, by rendezvous hashing: the client's address decides, so that a client stays in its
// region, and a drain moves only the clients of the drained region.
function weighted(table, address) {
    let best = table.regions[0];
    let lowest = Infinity;
    for (let i = 0; i < table.regions.length; i++) {
        const distance = -Math.log(share(table.regions[i] + address)) / table.weights[i];
        if (distance < lowest) {
            lowest = distance;
            best = table.regions[i];
        }
    }
    return best;
}

// A number between 0 and 1, distributed evenly over texts. The products stay below 2 ** 53.
function share(text) {
    let hash = 7;
    // The rounds after the end mix the last characters.
    for (let i = 0; i < text.length + 3; i++) {
        const code = i < text.length ? text.charCodeAt(i) : 0;
        hash = ((hash ^ (hash >>> 15)) + code) * 48271 % 2147483647;
    }
    return hash / 2147483647;
}
