"""GETs by aiohttp, as bench/http.c does them: http_aiohttp.py fresh|kept PORT REQUESTS IN-FLIGHT"""
import asyncio
import sys
import time

import aiohttp


async def main(mode, port, requests, in_flight):
    left = requests
    connector = aiohttp.TCPConnector(limit=0, force_close=mode == "fresh")

    async def ask(session):
        nonlocal left
        while left > 0:
            left -= 1
            async with session.get(f"http://127.0.0.1:{port}/") as answer:
                if answer.status != 200 or len(await answer.read()) != 1500:
                    raise SystemExit("http_aiohttp: a strange answer")

    async with aiohttp.ClientSession(connector=connector) as session:
        cpu, wall = time.process_time_ns(), time.monotonic_ns()
        await asyncio.gather(*(ask(session) for _ in range(in_flight)))
        print(f"RESULT case={mode} ops={requests} cpu_ns={time.process_time_ns() - cpu} "
              f"wall_ns={time.monotonic_ns() - wall}")


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
